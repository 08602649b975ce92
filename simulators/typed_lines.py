"""Lines of standard input for a simulated device that is worked by hand."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError

LINES_WAITING_MAX = 10_000
"""Of a file that is piped in faster than the device works; the reader then waits."""


async def typed_lines() -> AsyncIterator[str]:
    """Every line without its end, until the end of the input."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue(LINES_WAITING_MAX)
    # A daemon thread: it may be a file, which no event loop can watch, or a terminal, whose read cannot be cancelled
    # and must not keep the process alive.
    threading.Thread(target=_read, args=(loop, lines), daemon=True, name="stdin").start()
    while line := await lines.get():
        yield line.rstrip("\r\n")


def _read(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str]) -> None:
    """Every line with its end, then an empty text."""
    try:
        for line in sys.stdin:
            asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
        asyncio.run_coroutine_threadsafe(lines.put(""), loop).result()
    except (RuntimeError, CancelledError):  # of a thread's future: not asyncio's
        return  # the loop has ended meanwhile
