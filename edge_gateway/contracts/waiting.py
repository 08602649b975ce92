"""Waiting with an end: for something to be done, or for its time, or something else, to come first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from edge_gateway.contracts.clock import Clock


async def within(clock: Clock, seconds: float, work: Awaitable[Any]) -> bool:
    """False: it was not done within ``seconds`` of this clock, and is cancelled. Its own exceptions come through."""
    timer = asyncio.ensure_future(clock.sleep(max(0.0, seconds)))
    try:
        return await done_before(timer, work)
    finally:
        timer.cancel()


async def done_before(end: asyncio.Future[Any], work: Awaitable[Any]) -> bool:
    """False: ``end`` was done first, and the work is cancelled. Both at once: it was done. Its exceptions come through.

    The end of cancelled work is not waited for: a write that hangs must not hold up whoever gave it up.
    """
    future = asyncio.ensure_future(work)
    try:
        await asyncio.wait({future, end}, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            future.result()
            return True
        return False
    finally:
        # Also of work that failed in the very turn in which its waiter was cancelled: nobody looks at it any more.
        future.cancel()
        future.add_done_callback(_take_exception)


async def to_the_end(work: Awaitable[Any]) -> None:
    """Wait for work that must not be broken off, however often the waiter is cancelled. Its exceptions come through;
    the cancellation comes after the end."""
    future = asyncio.ensure_future(work)
    is_cancelled = False
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            is_cancelled = True
    future.result()
    if is_cancelled:
        raise asyncio.CancelledError


def _take_exception(future: asyncio.Future[Any]) -> None:
    """Of something that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
