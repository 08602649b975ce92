"""One question at a time on one wire, and each answer dated by the question it may belong to.

Answers carry no number: one that comes late looks like the answer to the next question. So every answer is taken as
that to the oldest open question (its weight may be younger than said, never older). When questions are still open after
an answer, the line is left to fall quiet before the next is put: shortly where an answer may have been lost, for longer
where answers have come too late to be used.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.waiting import within
from protocols.scales.polled import PolledScaleCodec, WeightUnchanged

OPEN_QUESTIONS_MAX = 64
"""Unanswered questions remembered: what a network between us and the scale may hold back and deliver at once."""
QUIET_TIMEOUTS = 1.5
"""Silence, in reply time-outs, after which an open question stays unanswered. More than one: two questions put
one time-out apart are answered, late, one time-out apart."""
QUIET_TIMEOUTS_LATE = 4
"""The same where answers came too late to be used: the delay of such a line is not known."""

OnAnswer = Callable[[CodecEvent, float], None]
"""The answer (WeightRead or WeightUnchanged) and when its question was put (monotonic seconds)."""


@dataclass(frozen=True, slots=True)
class _Question:
    asked_at_s: float
    is_weight: bool


class ScaleLine:
    """``on_answer`` is told each answer to a weight question that is not older than ``age_max_s``."""

    def __init__(
        self, session: Session, codec: PolledScaleCodec, reply_timeout_s: float, age_max_s: float, on_answer: OnAnswer
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._session = session
        self._codec = codec
        self._reply_timeout_s = reply_timeout_s
        self._age_max_s = age_max_s
        self._on_answer = on_answer
        self._open: deque[_Question] = deque(maxlen=OPEN_QUESTIONS_MAX)
        self._answer: asyncio.Future[bool] | None = None
        self._heard = asyncio.Event()
        self._is_late = False

    async def ask(self, question: bytes, *, is_weight: bool = True, timeout_s: float | None = None) -> bool:
        """Put a question; True: a usable answer came in time (for a weight: ``on_answer`` was called).

        Raises TransportError. Not to be called twice at once.
        """
        clock = self._session.clock
        self._session.transport.drop_input()
        self._understand(self._codec.flush())
        asked = _Question(clock.monotonic(), is_weight)
        self._open.append(asked)
        answer = self._answer = asyncio.get_running_loop().create_future()
        self._is_late = False
        try:
            is_answered = await within(clock, timeout_s or self._reply_timeout_s, self._exchange(question, answer))
        finally:
            self._answer = None
        if not is_answered:
            self.counters["unanswered"] += 1
            if not is_weight and asked in self._open:
                self._open.remove(asked)
        elif self._open:
            await self._fall_quiet()
        return is_answered and answer.result()

    def data_received(self, data: bytes) -> None:
        """Bytes of the scale."""
        self._understand(self._codec.feed(data))

    async def _exchange(self, question: bytes, answer: asyncio.Future[bool]) -> None:
        await self._session.transport.write(question)
        await answer

    def _understand(self, events: Sequence[CodecEvent]) -> None:
        for event in events:
            if isinstance(event, FrameRejected):
                self.counters["rejected"] += 1
                self._session.frame_rejected(event)
            elif isinstance(event, (WeightRead, WeightUnchanged)):
                self._take(event)

    def _take(self, answer: CodecEvent) -> None:
        if not self._open:
            self.counters["unasked"] += 1
            return
        question = self._open.popleft()
        is_usable = self._session.clock.monotonic() - question.asked_at_s <= self._age_max_s
        if not is_usable:
            self.counters["too_late"] += 1
            self._is_late = True
        else:
            self._session.frame_seen()
        if is_usable and question.is_weight:
            self._on_answer(answer, question.asked_at_s)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(is_usable)
        self._heard.set()

    async def _fall_quiet(self) -> None:
        """Let open answers come until none has come for a while; what is open then stays unanswered."""
        try:
            is_heard = True
            while self._open and is_heard:
                self._heard.clear()
                quiet_s = self._reply_timeout_s * (QUIET_TIMEOUTS_LATE if self._is_late else QUIET_TIMEOUTS)
                is_heard = await within(self._session.clock, quiet_s, self._heard.wait())
        finally:
            self._open.clear()
