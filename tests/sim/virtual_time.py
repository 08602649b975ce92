"""An event loop whose time stands still while anything can run, and jumps when everything waits.

A day takes as long as its work, and is the same each time. What runs here must wait on the loop alone: no threads, no
sockets, no processes.
"""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tests.sim.process import SimulatedProcess, process_of

T = TypeVar("T")

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

RESOLUTION_S = 1e-6
"""What is due within this is due now. With the real clock's nanosecond a sum of floats would not reach what is due,
from the 195th day on, and time would stand still."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Raises RuntimeError where time would never go on: everything waits, and nothing is due."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = RESOLUTION_S  # of BaseEventLoop
        self._numbers = itertools.count()
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        return self._jumping.now_s

    def create_future(self) -> asyncio.Future[Any]:
        return _Future(next(self._numbers), loop=self)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """At once: a look at the disk takes no virtual time, and when it ends must not depend on real time."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - as an executor does: who waits for the result gets it
            future.set_exception(error)
        return future

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        return _unless_killed(super().call_soon(callback, *args, context=context), context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        handle = super().call_at(when, callback, *args, context=context)
        _unless_killed(handle, context)
        return handle

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What nobody waits for any more, since who waited was killed, is no news."""
        future = context.get("future")
        if isinstance(future, _Future) and future.process is not None and future.process.is_killed:
            return
        super().call_exception_handler(context)

    def forget(self, process: SimulatedProcess) -> None:
        """Nothing that a killed process still had to do is done."""
        handles: list[asyncio.Handle] = [*self._ready, *self._scheduled]  # type: ignore[attr-defined]
        for handle in handles:
            if process_of(handle._context) is process:  # type: ignore[attr-defined]
                handle.cancel()

    def _make_task(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        task = _Task(next(self._numbers), work, loop=loop, **options)
        process = process_of(options.get("context"))
        if process is not None:
            process.tasks.add(task)
        return task


class VirtualClock:
    """Implements ``edge_gateway.contracts.clock.Clock`` on the time of the loop in which it was made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.wall_offset = timedelta()
        """How wrong the wall clock is; the monotonic clock does not notice."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic()) + self.wall_offset

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Until the work is done."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


def _unless_killed(handle: asyncio.Handle, context: Context | None) -> asyncio.Handle:
    process = process_of(context)
    if process is not None and process.is_killed:
        handle.cancel()
    return handle


class _JumpingSelector(selectors.DefaultSelector):
    """Where the real one would sleep, this one moves the time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everything waits, and nothing is due: time would never go on")
            self.now_s += max(0.0, timeout)
        return ready


class _Task(asyncio.Task[Any]):
    """asyncio keeps tasks in sets (a group cancels its own in the order of one): by number they have one order."""

    def __init__(self, number: int, work: Any, **options: Any) -> None:
        self._number = number
        super().__init__(work, **options)

    def __hash__(self) -> int:
        return self._number


class _Future(asyncio.Future[Any]):
    """The same for futures that are waited for."""

    def __init__(self, number: int, *, loop: asyncio.AbstractEventLoop) -> None:
        self._number = number
        self.process = process_of(None)
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number
