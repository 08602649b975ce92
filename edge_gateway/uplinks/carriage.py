"""One batch on its way over one connection: several events in flight, each source in order, each wait with an end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from typing import Any, Final, Protocol

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.waiting import within

IN_FLIGHT_MAX: Final = 128
"""Events of one batch that wait for their answer: 100 ms of line at 1,000 events a second, and what is sent twice at
most after a cut."""


class EngineConnection(Protocol):
    """One connection to an engine, from its start to its end; never used twice."""

    @property
    def is_open(self) -> bool: ...

    async def send(self, stream: str, event: OutboxEvent) -> asyncio.Future[str]:
        """Hand an event over, after those before it; waits where the engine wants fewer in flight.

        The future ends with ``DELIVERED``, with the reason of a final refusal of this event, with CloudTransientError,
        or with CloudPermanentError if it may be another event's fault; at the latest when the connection is lost.
        Raises CloudTransientError.
        """
        ...

    async def check(self) -> None:
        """Ask the far end for a sign of life. Raises CloudTransientError."""
        ...

    async def close(self) -> None:
        """Idempotent. May hang or raise: its caller gives it only so long."""
        ...


class Carriage:
    """Of one batch. ``is_one_of_a_source``: an event goes only after the answer for the one of its source before it.

    After the first failure no further event is sent; those on the wire are waited for.
    """

    def __init__(
        self, connection: EngineConnection, clock: Clock, *, answer_timeout_s: float, is_one_of_a_source: bool
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._answer_timeout_s = answer_timeout_s
        self._is_one_of_a_source = is_one_of_a_source
        self._waiting: dict[str, deque[OutboxEvent]] = {}
        self._ready: deque[str] = deque()
        self._in_flight: dict[asyncio.Future[str], OutboxEvent] = {}
        self._answered: deque[asyncio.Future[str]] = deque()
        self._has_answers = asyncio.Event()
        self._outcomes: dict[str, str] = {}
        self._has_sent = False
        self.failure: CloudTransientError | CloudPermanentError | None = None
        self.is_stalled = False

    @property
    def is_unanswered(self) -> bool:
        """Something was sent, and nothing came back."""
        return self._has_sent and not self._outcomes and self.failure is None

    async def carry(self, stream: str, events: Sequence[OutboxEvent]) -> dict[str, str]:
        """What was answered; the rest is to be sent again. Ends within twice the time for an answer."""
        for event in events:
            self._waiting.setdefault(event.source, deque()).append(event)
        self._ready.extend(self._waiting)
        started_s = self._clock.monotonic()
        try:
            while not self.is_stalled:
                is_late = self._clock.monotonic() - started_s >= self._answer_timeout_s
                if self.failure is None and not is_late:
                    await self._limited(self._fill(stream))
                if not self._in_flight:
                    break
                await self._limited(self._has_answers.wait())
                self._collect()
        except CloudTransientError as error:
            self.failure = self.failure or error
            self._collect()
        finally:
            for future in self._in_flight:
                future.cancel()
        return self._outcomes

    async def _limited(self, work: Awaitable[Any]) -> None:
        if not await within(self._clock, self._answer_timeout_s, work):
            self.is_stalled = True

    async def _fill(self, stream: str) -> None:
        while self._ready and len(self._in_flight) < IN_FLIGHT_MAX and self.failure is None:
            source = self._ready.popleft()
            event = self._waiting[source].popleft()
            future = await self._connection.send(stream, event)
            self._has_sent = True
            self._in_flight[future] = event
            future.add_done_callback(self._note)
            if self._waiting[source] and not self._is_one_of_a_source:
                self._ready.append(source)

    def _note(self, future: asyncio.Future[str]) -> None:
        if not future.cancelled():
            future.exception()  # it is looked at later, or not at all if this was given up meanwhile
        self._answered.append(future)
        self._has_answers.set()

    def _collect(self) -> None:
        self._has_answers.clear()
        while self._answered:
            future = self._answered.popleft()
            event = self._in_flight.pop(future)
            if future.cancelled():
                continue
            error = future.exception()
            if error is None:
                self._outcomes[event.id] = future.result()
                if self._waiting[event.source] and self._is_one_of_a_source:
                    self._ready.append(event.source)
            elif isinstance(error, CloudTransientError | CloudPermanentError):
                self.failure = self.failure or error
            else:
                raise error
