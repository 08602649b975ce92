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
from enum import Enum

from drivers.scale_outcome import CommandOutcome
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.waiting import within
from protocols.scales.polled import CommandAnswered, IdentityRead, PolledScaleCodec, WeightUnchanged

OPEN_QUESTIONS_MAX = 64
"""Unanswered questions remembered: what a network between us and the scale may hold back and deliver at once."""
QUIET_TIMEOUTS = 1.5
"""Silence, in reply time-outs, after which an open question stays unanswered. More than one: two questions put
one time-out apart are answered, late, one time-out apart."""
QUIET_TIMEOUTS_LATE = 4
"""The same where answers came too late to be used: the delay of such a line is not known."""

OnAnswer = Callable[[CodecEvent, float], None]
"""The answer (WeightRead or WeightUnchanged) and when its question was put (monotonic seconds)."""


class Asked(Enum):
    """What a question asks for, and so what answers it."""

    WEIGHT = "weight"
    HIGH_RESOLUTION = "high_resolution"
    COMMAND = "command"
    """Zero, tare, who are you: some scales answer with a weight or status, some with a word for the command."""


@dataclass(frozen=True, slots=True)
class _Question:
    asked_at_s: float
    asked: Asked


class ScaleLine:
    """``on_answer`` is told each answer to a weight question that is not older than ``age_max_s``; ``on_identity``
    whatever the scale says of itself, asked or not. ``is_silence_normal``: a question may stay unanswered for good, so
    none waits for its answer beyond the time-out. ``last_answer``: to the last question, if it was answered.
    ``outcome``: of the command under way, whose answer may come long after it was sent."""

    def __init__(
        self,
        session: Session,
        codec: PolledScaleCodec,
        reply_timeout_s: float,
        age_max_s: float,
        on_answer: OnAnswer,
        on_identity: Callable[[IdentityRead], None] = lambda _: None,
        *,
        is_silence_normal: bool = False,
    ) -> None:
        self.last_answer: CodecEvent | None = None
        self.outcome: CommandOutcome | None = None
        self.counters: Counter[str] = Counter()
        self._session = session
        self._codec = codec
        self._reply_timeout_s = reply_timeout_s
        self._age_max_s = age_max_s
        self._on_answer = on_answer
        self._on_identity = on_identity
        self._is_silence_normal = is_silence_normal
        self._open: deque[_Question] = deque(maxlen=OPEN_QUESTIONS_MAX)
        self._answer: asyncio.Future[bool] | None = None
        self._heard = asyncio.Event()
        self._is_late = False

    async def ask(self, question: bytes, asked: Asked = Asked.WEIGHT, *, timeout_s: float | None = None) -> bool:
        """Put a question; True: a usable answer came in time (for a weight: ``on_answer`` was called).

        Raises TransportError. Not to be called twice at once.
        """
        clock = self._session.clock
        self._session.transport.drop_input()
        self._understand(self._codec.flush())
        self.last_answer = None
        put = _Question(clock.monotonic(), asked)
        self._open.append(put)
        answer = self._answer = asyncio.get_running_loop().create_future()
        self._is_late = False
        try:
            is_answered = await within(clock, timeout_s or self._reply_timeout_s, self._exchange(question, answer))
        finally:
            self._answer = None
        if not is_answered:
            self.counters["unanswered"] += 1
            if (asked is not Asked.WEIGHT or self._is_silence_normal) and put in self._open:
                self._open.remove(put)
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
            elif isinstance(event, (WeightRead, WeightUnchanged, CommandAnswered)):
                if isinstance(event, CommandAnswered) and event.command is not None and self.outcome is not None:
                    self.outcome.hear(event)
                self._take(event)
            elif isinstance(event, IdentityRead):
                self._on_identity(event)
                self._take(event)

    def _take(self, answer: CodecEvent) -> None:
        question = self._question_of(answer)
        if question is None:
            self.counters["unasked"] += 1
            return
        if self.outcome is not None and question.asked is Asked.COMMAND and isinstance(answer, CommandAnswered):
            self.outcome.hear(answer)
        is_usable = self._session.clock.monotonic() - question.asked_at_s <= self._age_max_s
        if not is_usable:
            self.counters["too_late"] += 1
            self._is_late = True
        else:
            self._session.frame_seen()
            self.last_answer = answer
        if is_usable and question.asked is Asked.WEIGHT:
            self._on_answer(answer, question.asked_at_s)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(is_usable)
        self._heard.set()

    def _question_of(self, answer: CodecEvent) -> _Question | None:
        """The oldest open one that it can answer. Older ones that it cannot answer were passed over by the scale."""
        while self._open:
            question = self._open[0]
            match question.asked, answer:
                case Asked.WEIGHT, CommandAnswered(command=None, is_done=False):
                    can_answer = True  # an error that names no command may be about this question
                case Asked.WEIGHT, CommandAnswered() | IdentityRead():
                    can_answer = False
                case Asked.WEIGHT | Asked.COMMAND, WeightRead(is_high_resolution=True):
                    return None
                case _:
                    can_answer = True
            if can_answer:
                return self._open.popleft()
            if not any(other.asked is not Asked.WEIGHT for other in self._open):
                return None
            self._open.popleft()
        return None

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
