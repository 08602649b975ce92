"""Waiting with an end, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import gc

import pytest

from edge_gateway.contracts.waiting import done_before, within
from tests.support.clock import FakeClock


async def test_work_within_its_time_is_done() -> None:
    clock = FakeClock()
    waiting = asyncio.ensure_future(within(clock, 1.0, clock.sleep(0.9)))
    await clock.advance(1.0)
    assert waiting.done()
    assert waiting.result()


async def test_work_beyond_its_time_is_cancelled() -> None:
    clock = FakeClock()
    work = asyncio.ensure_future(clock.sleep(1.1))
    waiting = asyncio.ensure_future(within(clock, 1.0, work))
    await clock.advance(1.0)
    assert not waiting.result()
    assert work.cancelled()
    assert clock.sleeper_count == 0


async def test_work_that_fails_within_its_time_raises() -> None:
    async def fail() -> None:
        raise ConnectionError("unplugged")

    with pytest.raises(ConnectionError, match="unplugged"):
        await within(FakeClock(), 1.0, fail())


async def test_time_that_is_over_leaves_done_work_alone() -> None:
    """A deadline in the past: what is done already counts."""
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done.set_result(7)
    assert await within(FakeClock(), -1.0, done)


async def test_end_that_comes_first_cancels_the_work_without_waiting_for_it() -> None:
    end, is_asked, may_end = asyncio.get_running_loop().create_future(), asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            is_asked.set()
            await may_end.wait()

    work = asyncio.ensure_future(hang())
    asyncio.get_running_loop().call_soon(end.set_result, None)
    assert not await done_before(end, work)
    await is_asked.wait()
    assert not work.done()
    may_end.set()
    await asyncio.wait({work})


async def test_cancelled_wait_cancels_work_and_timer() -> None:
    clock = FakeClock()
    work = asyncio.ensure_future(clock.sleep(5.0))
    waiting = asyncio.ensure_future(within(clock, 1.0, work))
    await clock.settle()
    waiting.cancel()
    await clock.settle()
    assert waiting.cancelled()
    assert work.cancelled()
    assert clock.sleeper_count == 0


async def test_work_that_fails_while_its_waiter_is_cancelled_is_not_complained_about() -> None:
    complaints: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    work: asyncio.Future[None] = loop.create_future()
    waiting = asyncio.ensure_future(done_before(loop.create_future(), work))
    await asyncio.sleep(0)
    work.set_exception(ConnectionError("unplugged"))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    del work, waiting
    gc.collect()
    assert complaints == []
