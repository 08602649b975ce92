"""Runs a dialogue of ``protocols.scales.price_dialogue`` on a real line: sends, waits, keeps the budget, dates answers.

Answers carry no number: one that comes late looks like the answer to the next question. So a weight is dated by the
oldest question that was not answered before it (it may be younger than said, never older), and after a question that
stayed open the line is left to fall quiet before the next dialogue begins.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass

from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from edge_gateway.contracts.waiting import within
from protocols.scales.price_dialogue import Dialogue, Step, Weighing

EVENTS_MAX = 64
"""Answers that nobody has looked at yet; a dialogue has at most one open question, so more are noise."""
QUIET_S = 1.0
"""Silence after which an open question stays unanswered: twice what the slowest of these scales takes to answer."""
QUIET_ROUNDS_MAX = 5
"""A line that talks on is tried again by the next poll."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a dialogue ended. ``asked_at_s``: when its weight was asked for (monotonic); ``is_whole``: in time."""

    weighing: Weighing
    asked_at_s: float
    is_whole: bool = True


class DialogueLine:
    """One dialogue at a time."""

    def __init__(self, session: Session, codec: Codec, unit: str) -> None:
        self.counters: Counter[str] = Counter()
        self._session = session
        self._codec = codec
        self._unit = unit
        self._events: deque[CodecEvent] = deque(maxlen=EVENTS_MAX)
        self._heard = asyncio.Event()
        self._is_running = False
        self._open_since_s: float | None = None
        """When the oldest question was put that has not been answered."""

    def data_received(self, data: bytes) -> None:
        """Bytes of the scale."""
        for event in self._codec.feed(data):
            self._take(event)

    async def run(self, dialogue: Dialogue, budget_s: float) -> Ended:
        """Raises TimeoutError where the scale did not answer, what the dialogue raises, and TransportError."""
        clock = self._session.clock
        try:
            await self._fall_quiet()
            self._session.transport.drop_input()
            for event in self._codec.flush():
                self._take(event)
            self._events.clear()
            self._is_running = True
            return await self._run(dialogue, clock.monotonic() + budget_s)
        finally:
            self._is_running = False
            dialogue.close()

    async def _run(self, dialogue: Dialogue, ends_at_s: float) -> Ended:
        clock = self._session.clock
        asked_at_s = clock.monotonic()
        status: ScaleStatus | None = None
        event: CodecEvent | None = None
        is_heard = False
        while True:
            try:
                step = dialogue.send(event)
            except StopIteration as end:
                return Ended(end.value, asked_at_s)
            status = step.status or status
            left_s = ends_at_s - clock.monotonic()
            if left_s <= 0:
                if status is None or not is_heard:
                    raise TimeoutError
                return Ended(Weighing(WeightRead(status, None, self._unit)), asked_at_s, is_whole=False)
            opened_at_s = self._opened(step)
            event = await self._carry_out(step, left_s)
            is_heard |= event is not None
            if isinstance(event, WeightRead):
                asked_at_s = opened_at_s

    def _opened(self, step: Step) -> float:
        """The oldest moment that an answer to this step may belong to."""
        now_s = self._session.clock.monotonic()
        if self._open_since_s is None and step.data and step.wait_s:
            self._open_since_s = now_s
        return now_s if self._open_since_s is None else self._open_since_s

    async def _carry_out(self, step: Step, left_s: float) -> CodecEvent | None:
        clock = self._session.clock
        if step.data:
            self._events.clear()  # what came before the question is no answer to it
        if step.data and not await self._write(step, left_s):
            raise TimeoutError
        if step.is_pause:
            await clock.sleep(min(step.wait_s, left_s))
            self._events.clear()
            return None
        if step.wait_s and not self._events:
            self._heard.clear()
            await within(clock, min(step.wait_s, left_s), self._heard.wait())
        if not step.wait_s or not self._events:
            return None
        self._open_since_s = None
        return self._events.popleft()

    async def _write(self, step: Step, left_s: float) -> bool:
        try:
            return await within(self._session.clock, left_s, self._session.transport.write(step.data))
        finally:
            if step.is_secret:
                self._session.forget_raw(is_sent_too=True)

    async def _fall_quiet(self) -> None:
        """After an open question: let its answer come, so that it is not taken for another's."""
        if self._open_since_s is None:
            return
        for _ in range(QUIET_ROUNDS_MAX):
            self._heard.clear()
            if not await within(self._session.clock, QUIET_S, self._heard.wait()):
                break
        self._open_since_s = None

    def _take(self, event: CodecEvent) -> None:
        if isinstance(event, FrameRejected):
            self.counters["rejected"] += 1
            self._session.frame_rejected(event)
        elif self._is_running:
            self._session.frame_seen()
            self._events.append(event)
        else:
            self.counters["unasked"] += 1
        self._heard.set()
