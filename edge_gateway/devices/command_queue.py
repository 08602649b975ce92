"""Commands to one device: in order, one at a time, each with its deadline and exactly one outcome."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import Driver
from edge_gateway.contracts.errors import ErrorCode, RequestError, TransportError, UnknownOutcomeError
from edge_gateway.contracts.fields import in_words
from edge_gateway.contracts.request_in_hand import on_behalf_of, request_in_hand
from edge_gateway.contracts.waiting import within

QUEUE_COMMANDS_MAX = 16
"""More than a lane sends in the time one command takes; the next is refused as busy, and may be sent again."""

CANCEL_S_MAX = 1.0
"""A driver ends a command that is given up within this; the connection of one that does not is made anew."""

log = structlog.get_logger(__name__)

Objection = Callable[[], RequestError | None]


def no_objection() -> None:
    """Nothing speaks against it."""


class CommandFailure(Exception):
    """A driver's bug came up in a command. The command has been answered; the conversation cannot be trusted."""


@dataclass(eq=False, slots=True)
class Command:
    """One command on its way. ``begin_by_s`` is on the monotonic clock; ``too_late``: what it is then, not begun;
    ``objection``: asked at the last moment why it must not begin."""

    name: str
    params: Mapping[str, Any]
    has_effect: bool
    deadline_s: float
    begin_by_s: float
    too_late: ErrorCode
    objection: Objection
    outcome: asyncio.Future[Mapping[str, Any]] = field(repr=False)
    is_begun: bool = False
    request_id: str | None = field(default_factory=request_in_hand)
    """Whose it is: of whoever asked, and not of whoever serves the queue."""


class CommandQueue:
    """``execute`` from any task; ``serve`` runs in the supervisor while a driver is connected."""

    def __init__(self, device_id: str, clock: Clock, counters: Counter[str]) -> None:
        self._device_id = device_id
        self._clock = clock
        self._counters = counters
        self._waiting: deque[Command] = deque()
        self._is_filled = asyncio.Event()

    async def execute(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        has_effect: bool,
        deadline_s: float,
        begin_within_s: float | None = None,
        objection: Objection = no_objection,
    ) -> Mapping[str, Any]:
        """The result. It waits for ``deadline_s`` at most, or ``begin_within_s`` if that is less; then it runs for
        ``deadline_s`` at most. Raises RequestError: BUSY, TIMEOUT or EXPIRED (not begun), OFFLINE, the driver's own, or
        unknown."""
        if len(self._waiting) >= QUEUE_COMMANDS_MAX:
            self._counters["commands:busy"] += 1
            raise RequestError(ErrorCode.BUSY, f"{self._device_id}: {QUEUE_COMMANDS_MAX} commands wait already")
        outcome: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        limit_s, too_late = deadline_s, ErrorCode.TIMEOUT
        if begin_within_s is not None and begin_within_s < deadline_s:
            limit_s, too_late = begin_within_s, ErrorCode.EXPIRED
        begin_by_s = self._clock.monotonic() + limit_s
        command = Command(name, params, has_effect, deadline_s, begin_by_s, too_late, objection, outcome)
        self._waiting.append(command)
        self._is_filled.set()
        try:
            await within(self._clock, limit_s, asyncio.wait({outcome}))
            if not outcome.done() and not command.is_begun:
                raise self._not_begun(command)
            # Begun: whoever carries it out keeps the deadline, and knows what the outcome is.
            return await asyncio.shield(outcome)
        finally:
            if not command.is_begun and command in self._waiting:
                self._waiting.remove(command)

    def refuse_all(self, reason: str) -> None:
        """The device is gone: what has not begun is answered offline."""
        while self._waiting:
            command = self._waiting.popleft()
            self._counters["commands:offline"] += 1
            _settle(command, RequestError(ErrorCode.OFFLINE, f"{self._device_id}: {command.name} not begun: {reason}"))

    async def serve(self, driver: Driver) -> None:
        """Carry out commands until cancelled. Raises CommandFailure after a driver's bug."""
        while True:
            while self._waiting:
                await self._carry_out(driver, self._waiting.popleft())
            self._is_filled.clear()
            await self._is_filled.wait()

    async def _carry_out(self, driver: Driver, command: Command) -> None:
        start_s = self._clock.monotonic()
        if start_s >= command.begin_by_s:
            _settle(command, self._not_begun(command))
            return
        if (objection := command.objection()) is not None:
            self._counters[f"commands:{objection.code.value}"] += 1
            _settle(command, objection)
            return
        command.is_begun = True
        with on_behalf_of(command.request_id):
            task = asyncio.ensure_future(driver.execute(command.name, command.params))
        task.add_done_callback(_take_exception)
        try:
            await within(self._clock, command.deadline_s, asyncio.wait({task}))
            is_late = not task.done()
        except asyncio.CancelledError:
            task.cancel()
            if not task.done():
                _settle(command, self._interrupted(command, "the connection was lost"))
                self._count(command, start_s)
            else:
                self._settle_by(task, command, start_s)
            raise
        if not is_late:
            failure = self._settle_by(task, command, start_s)
            if failure is not None:
                raise CommandFailure(f"{command.name}: {failure!r}") from failure
            return
        _settle(command, self._late(command))
        self._count(command, start_s)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=CANCEL_S_MAX)
        if not done:
            raise CommandFailure(f"{command.name}: not ended {CANCEL_S_MAX} s after it was cancelled")

    def _settle_by(
        self, task: asyncio.Future[Mapping[str, Any]], command: Command, start_s: float
    ) -> BaseException | None:
        """Answer with what the driver said. Returns the exception if it was a bug."""
        error = None if task.cancelled() else task.exception()
        failure = None
        if task.cancelled():
            _settle(command, self._interrupted(command, "the driver gave it up"))
        elif error is None:
            _settle(command, task.result())
        elif isinstance(error, RequestError):
            _settle(command, error)
        elif isinstance(error, TransportError):
            _settle(command, self._interrupted(command, str(error)))
        elif isinstance(error, ValidationError):
            # The command's parameters against the driver's own model. Without the values: they may be personal.
            problems = "; ".join(
                f"{'.'.join(map(str, problem['loc'])) or 'params'}: {in_words(problem)}"
                for problem in error.errors(include_url=False, include_input=False)
            )
            _settle(command, RequestError(ErrorCode.INVALID_REQUEST, f"{command.name}: {problems}"))
        else:
            failure = error
            _settle(command, self._failed(command))
        self._count(command, start_s)
        return failure

    def _not_begun(self, command: Command) -> RequestError:
        self._counters[f"commands:{command.too_late.value}"] += 1
        limit = "its deadline" if command.too_late is ErrorCode.TIMEOUT else "it expired"
        words = f"{command.name} did not begin before {limit}; earlier commands took the time"
        return RequestError(command.too_late, f"{self._device_id}: {words}")

    def _late(self, command: Command) -> RequestError:
        text = f"{self._device_id}: {command.name} did not finish within {command.deadline_s:.1f} s"
        if command.has_effect:
            return UnknownOutcomeError(f"{text}; it may have taken effect: look at the device")
        return RequestError(ErrorCode.TIMEOUT, text)

    def _interrupted(self, command: Command, reason: str) -> RequestError:
        text = f"{self._device_id}: {command.name} was interrupted: {reason}"
        if command.has_effect:
            return UnknownOutcomeError(f"{text}; it may have taken effect: look at the device")
        return RequestError(ErrorCode.OFFLINE, text)

    def _failed(self, command: Command) -> RequestError:
        text = f"{self._device_id}: {command.name} failed by a fault in the driver; the log has the details"
        if command.has_effect:
            return UnknownOutcomeError(f"{text}; it may have taken effect: look at the device")
        return RequestError(ErrorCode.INTERNAL, text)

    def _count(self, command: Command, start_s: float) -> None:
        error = command.outcome.exception()
        code = error.code.value if isinstance(error, RequestError) else "completed"
        self._counters[f"commands:{code}"] += 1
        log.info(
            log_events.COMMAND_FINISHED,
            device=self._device_id,
            command=command.name,
            outcome=code,
            duration_s=round(self._clock.monotonic() - start_s, 3),
        )


def _take_exception(task: asyncio.Future[Mapping[str, Any]]) -> None:
    """Of a command that nobody waits for any more: it has been answered."""
    if not task.cancelled():
        task.exception()


def _settle(command: Command, outcome: Mapping[str, Any] | RequestError) -> None:
    """Exactly one outcome. Its exception counts as seen: the caller may have gone."""
    if command.outcome.done():
        return
    if isinstance(outcome, RequestError):
        command.outcome.set_exception(outcome)
        command.outcome.exception()
    else:
        command.outcome.set_result(outcome)
