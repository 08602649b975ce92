"""A process that can be killed at any await: what it had still to do is never done, and none of its cleanup runs.

All that is started from within a process belongs to it, by its context. The world outside (devices, broker, cloud,
disk) calls into it through ``run_inside``, and is called from it through ``run_outside``: what the world starts then
outlives it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, TypeVar
from weakref import WeakSet

T = TypeVar("T")

_PROCESS: ContextVar[SimulatedProcess | None] = ContextVar("process", default=None)

CLOSES_MAX: Final = 50
"""A coroutine that is thrown away may await in each of its finally blocks; each ends one more of them."""


class SimulatedProcess:
    """Made in the world; ``start`` begins its work."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_killed = False
        self.tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._outside = copy_context()
        self._inside = copy_context()
        self._inside.run(_PROCESS.set, self)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Its main task, which the world may await."""
        return asyncio.get_running_loop().create_task(work, name=self.name, context=self._inside.copy())

    def run_inside(self, call: Callable[..., T], *args: Any) -> T | None:
        """From the world: nothing happens once it is killed."""
        return None if self.is_killed else self._inside.copy().run(call, *args)

    def run_outside(self, call: Callable[..., T], *args: Any) -> T:
        """To the world."""
        return self._outside.copy().run(call, *args)

    def kill(self) -> None:
        """The loop runs nothing of it any more. Cut it off from the world before: see ``bury``."""
        self.is_killed = True

    def bury(self) -> None:
        """Take its coroutines apart, so that its memory is free. What they do meanwhile reaches nothing."""
        hook, sys.unraisablehook = sys.unraisablehook, _pass_over
        try:
            for task in sorted(self.tasks, key=hash):
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    asyncio.tasks._unregister_task(task)
                    self._inside.copy().run(_take_apart, task.get_coro())
        finally:
            sys.unraisablehook = hook
        self.tasks.clear()


def process_of(context: Context | None) -> SimulatedProcess | None:
    """Whose context it is; None: the present one's."""
    return _PROCESS.get() if context is None else context.get(_PROCESS)


def _pass_over(_: object) -> None:
    """What a coroutine says that awaits while it is thrown away: that it may not."""


def _take_apart(work: Any) -> None:
    for _ in range(CLOSES_MAX):
        # "ignored GeneratorExit": a finally block that awaits. Anything else: a finally block that misses the world.
        with contextlib.suppress(Exception):
            work.close()
            return
