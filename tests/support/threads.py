"""All threads of the loop's executor held, so that what is given to it waits for its turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager


@asynccontextmanager
async def all_threads_busy() -> AsyncIterator[None]:
    """Until the block ends."""
    can_end, loop = threading.Event(), asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
    busy = loop.run_in_executor(None, can_end.wait)
    try:
        yield
    finally:
        can_end.set()
        await busy
