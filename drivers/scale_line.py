"""One question at a time on one wire, and each answer dated by the question it may belong to.

Answers carry no number: one that comes late looks like the answer to the next question. So every answer is taken as
that to the oldest open question (its weight may be younger than said, never older), and when questions are still open
after an answer the line is left to fall quiet before the next is put.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from protocols.scales.polled import PolledScaleCodec, WeightUnchanged

OPEN_QUESTIONS_MAX = 3
"""Unanswered questions remembered; a scale that is later than three time-outs is not followed any further."""

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
        self._quiet: asyncio.Future[None] | None = None

    async def ask(self, question: bytes, *, is_weight: bool = True, timeout_s: float | None = None) -> bool:
        """Put a question; True: a usable answer came in time (for a weight: ``on_answer`` was called).

        Raises TransportError. Not to be called twice at once.
        """
        clock = self._session.clock
        self._session.transport.drop_input()
        self._understand(self._codec.flush())
        asked = _Question(clock.monotonic(), is_weight)
        self._open.append(asked)
        self._answer = asyncio.get_running_loop().create_future()
        try:
            is_usable = await _within(clock, timeout_s or self._reply_timeout_s, self._exchange(question, self._answer))
        finally:
            self._answer = None
        if is_usable is None:
            self.counters["unanswered"] += 1
            if not is_weight and asked in self._open:
                self._open.remove(asked)
        elif self._open:
            await self._fall_quiet()
        return bool(is_usable)

    def data_received(self, data: bytes) -> None:
        """Bytes of the scale."""
        self._understand(self._codec.feed(data))

    async def _exchange(self, question: bytes, answer: asyncio.Future[bool]) -> bool:
        await self._session.transport.write(question)
        return await answer

    def _understand(self, events: Sequence[CodecEvent]) -> None:
        for event in events:
            if isinstance(event, FrameRejected):
                self.counters["rejected"] += 1
                self._session.frame_rejected(event)
            elif isinstance(event, (WeightRead, WeightUnchanged)):
                self._session.frame_seen()
                self._take(event)

    def _take(self, answer: CodecEvent) -> None:
        if not self._open:
            self.counters["unasked"] += 1
            return
        question = self._open.popleft()
        is_usable = self._session.clock.monotonic() - question.asked_at_s <= self._age_max_s
        if not is_usable:
            self.counters["too_late"] += 1
        elif question.is_weight:
            self._on_answer(answer, question.asked_at_s)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(is_usable)
        if not self._open and self._quiet is not None and not self._quiet.done():
            self._quiet.set_result(None)

    async def _fall_quiet(self) -> None:
        """Let open answers come; what has not come in one time-out never will."""
        self._quiet = asyncio.get_running_loop().create_future()
        try:
            await _within(self._session.clock, self._reply_timeout_s, _wait_for(self._quiet))
        finally:
            self._quiet = None
            self._open.clear()


async def _wait_for(future: asyncio.Future[None]) -> bool:
    await future
    return True


async def _within(clock: Clock, seconds: float, work: Coroutine[None, None, bool]) -> bool | None:
    """The result of ``work``, or None when ``seconds`` of this clock pass first. Whatever ``work`` raises is raised."""
    task, timer = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)
