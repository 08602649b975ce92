"""Wait for a condition, with a deadline: no test sleeps and hopes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

POLL_INTERVAL_S = 0.001
TIMEOUT_S = 20.0
"""Only a failing test waits so long; a busy machine may need some of it."""


async def wait_until(
    condition: Callable[[], object], *, timeout_s: float = TIMEOUT_S, what: str = "the condition"
) -> float:
    """Return how many seconds it took until ``condition()`` was true; fails the test after ``timeout_s``."""
    start = time.monotonic()
    while not condition():
        elapsed = time.monotonic() - start
        assert elapsed < timeout_s, f"{what} did not come true within {timeout_s} s"
        await asyncio.sleep(POLL_INTERVAL_S)
    return time.monotonic() - start
