"""One job of a label printer: a label (or a batch of equal ones) after the other, each known to be printed only by the
printer's own count.

How it ends:

- done: after the last byte the printer said, more than once in a row, that nothing is left to print (``can_count``
  False: all was sent, and it reports no obstacle).
- PrintFailedError: the printer was told to forget the rest and then said that nothing is left, while before it labels
  were outstanding, or a part was not sent. It cannot be whole, and nothing more of it will come; but labels of it may
  be printed.
- UnknownOutcomeError: everything else. What is in the printer's buffer may come out when a person mends it.

Nothing is sent twice but by the policies ``restart`` and ``last_cut``, and only under the conditions of the second end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from drivers.label_condition import LabelCondition
from drivers.label_count import LabelCount
from drivers.printer_condition import SILENT, Obstacle
from drivers.printer_line import PrinterLine
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, TransportError, UnknownOutcomeError
from edge_gateway.contracts.printing import PaperPolicy, PrintFailedError, PrintWatch, Rendered
from edge_gateway.contracts.waiting import within

SILENCE_S_MAX: Final = 600.0
"""A printer that has all and is silent for so long is given up: somebody put in labels, or nobody will."""
CLEAR_ASKS: Final = 10
"""Questions after a clearing command until nothing is left; then it is not believed."""
LOOK: Final = "look at the labels before printing again"
FULL: Final[Obstacle] = (ErrorCode.BUSY, "it takes nothing more until it has printed what it holds; look at its panel")


@dataclass(frozen=True, slots=True)
class LabelLimits:
    """From the printer's settings."""

    chunk_bytes: int
    poll_interval_s: float
    status_interval_s: float
    confirm_timeout_s: float
    idle_answers: int


@dataclass(frozen=True, slots=True)
class Hands:
    """What the job does to the printer. ``ask``: its condition, False: silence. ``barrier``: what was sent is taken up.
    ``clear``: tell it to forget; False: it cannot. ``form_sent``: a label is on its way."""

    ask: Callable[[], Awaitable[bool]]
    barrier: Callable[[], Awaitable[bool]]
    clear: Callable[[], Awaitable[bool]]
    form_sent: Callable[[], None]
    can_count: bool
    counts_when_stopped: bool


class _AgainError(Exception):
    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class LabelJob:
    """``run`` once. ``is_broken_off``: a command may be half sent, the connection is of no use any more."""

    def __init__(
        self,
        name: str,
        line: PrinterLine,
        condition: LabelCondition,
        hands: Hands,
        clock: Clock,
        limits: LabelLimits,
        watch: PrintWatch,
    ) -> None:
        self._name = name
        self._line = line
        self._condition = condition
        self._hands = hands
        self._clock = clock
        self._limits = limits
        self._watch = watch
        self._total = 0
        self._sent = 0
        self._confirmed = 0
        self.is_broken_off = False

    async def run(self, rendered: Rendered) -> bool:
        """True: the printer confirmed it. Raises PrintFailedError or UnknownOutcomeError as above."""
        self._total = len(rendered.data)
        ends = [*rendered.cuts, *([] if rendered.cuts[-1:] == (self._total,) else [self._total])]
        start = 0
        try:
            while True:
                try:
                    return await self._print(rendered.data, start, [end for end in ends if end > start])
                except _AgainError as again:
                    start = self._sent = self._confirmed = again.offset
                    await self._until_well()
        except TransportError as error:
            words = f"connection lost after {self._sent} of {self._total} bytes ({error})"
            raise UnknownOutcomeError(f"{self._name}: {words}; {LOOK}") from error

    async def _print(self, data: bytes, start: int, ends: list[int]) -> bool:
        for index, end in enumerate(ends):
            if index and self._hands.can_count:
                await self._until_well_for_next()
            self._hands.form_sent()
            await self._send(data, start, end)
            if self._hands.can_count:
                await self._until_printed()
                self._confirmed = end
                self._tell(None)
            start = end
        if not self._hands.can_count:
            await self._until_well(is_answer_needed=False)
        return self._hands.can_count

    async def _send(self, data: bytes, start: int, end: int) -> None:
        """However long the printer takes nothing: its buffer is full while it waits for labels."""
        self.is_broken_off = True
        for at in range(start, end, self._limits.chunk_bytes):
            chunk = data[at : min(end, at + self._limits.chunk_bytes)]
            writing = asyncio.ensure_future(self._line.send(chunk))
            try:
                while not await within(self._clock, self._limits.status_interval_s, asyncio.shield(writing)):
                    self._tell(self._condition.obstacle() or FULL)
                    if self._watch.cancelled.is_set():
                        words = f"cancelled after {self._sent} of {self._total} bytes, in the middle of a label"
                        raise UnknownOutcomeError(f"{self._name}: {words}; {LOOK}")
            finally:
                writing.cancel()
                writing.add_done_callback(lambda done: None if done.cancelled() else done.exception())
            self._sent = at + len(chunk)
            self._tell(None)
        self.is_broken_off = False
        if self._watch.cancelled.is_set():
            await self._give_up(ErrorCode.CANCELLED, "cancelled", is_outstanding=False)

    async def _until_printed(self) -> None:
        """Its count says so."""
        count, has_passed = LabelCount(self._limits.idle_answers, self._clock.monotonic()), False
        while True:
            has_passed = has_passed or await self._hands.barrier()
            is_heard = await self._hands.ask()
            now_s, condition = self._clock.monotonic(), self._condition
            obstacle = condition.obstacle() if is_heard else None
            if is_heard:
                is_countable = has_passed and (obstacle is None or self._hands.counts_when_stopped)
                is_held_up = obstacle is not None or bool(condition.label_waiting)
                count.answered(now_s, condition.outstanding, is_countable=is_countable, is_held_up=is_held_up)
            else:
                count.silent()
            if count.is_printed:
                break
            self._tell(obstacle or (None if is_heard else SILENT))
            if obstacle is not None:
                await self._stopped(obstacle)
            await self._require_patience(count.silent_s(now_s), count.unmoved_s(now_s))
            await self._pause(self._limits.poll_interval_s)
        if count.has_forgotten:
            words = "it was silent and holds nothing now: it was perhaps switched off and on, and forgot what it held"
            raise UnknownOutcomeError(f"{self._name}: {words}; {LOOK}")

    async def _require_patience(self, silent_s: float, unmoved_s: float) -> None:
        """Cancelled, silent for too long, or at work on the same label for too long."""
        if self._watch.cancelled.is_set():
            await self._give_up(ErrorCode.CANCELLED, "cancelled", is_outstanding=bool(self._condition.outstanding))
        if silent_s >= SILENCE_S_MAX:
            raise UnknownOutcomeError(f"{self._name}: silent for {silent_s:.0f} s; {LOOK}")
        if unmoved_s >= self._limits.confirm_timeout_s and silent_s == 0:
            words = f"at work on the same label for {unmoved_s:.0f} s"
            raise UnknownOutcomeError(f"{self._name}: {words}; the rest may still come out; {LOOK}")

    async def _stopped(self, obstacle: Obstacle) -> None:
        """It cannot go on until a person mended it: by policy it goes on with what it holds, or begins again. Where it
        does not count what is left, it may be printed already: it goes on."""
        policy = self._watch.paper_policy
        if policy is PaperPolicy.CONTINUE or not self._condition.outstanding:
            return
        if not await self._clear():
            if policy is PaperPolicy.FAIL:
                raise UnknownOutcomeError(f"{self._name}: {obstacle[1]}; the rest may still come out; {LOOK}")
            return
        if policy is PaperPolicy.FAIL:
            text = f"{self._name}: {obstacle[1]}; the rest was cleared; labels of it may be printed"
            raise PrintFailedError(obstacle[0], text, is_on_paper=True)
        raise _AgainError(self._confirmed if policy is PaperPolicy.LAST_CUT else 0)

    async def _give_up(self, code: ErrorCode, why: str, *, is_outstanding: bool) -> None:
        is_whole = self._sent == self._total and not is_outstanding
        if not is_whole and await self._clear():
            text = f"{self._name}: {why}; the rest was cleared; labels of it may be printed"
            raise PrintFailedError(code, text, is_on_paper=True)
        raise UnknownOutcomeError(f"{self._name}: {why}; the rest may still come out; {LOOK}")

    async def _clear(self) -> bool:
        """Told to forget, and it says that nothing is left."""
        if not self._hands.can_count or not await self._hands.clear():
            return False
        for _ in range(CLEAR_ASKS):
            if await self._hands.ask() and self._condition.outstanding == 0:
                return True
            await self._clock.sleep(self._limits.poll_interval_s)
        return False

    async def _until_well_for_next(self) -> None:
        """Between two labels, of which nothing is in the printer: what ends here is certain."""
        while (obstacle := self._condition.obstacle()) is not None or self._watch.cancelled.is_set():
            is_cancelled = self._watch.cancelled.is_set()
            if is_cancelled or self._watch.paper_policy is PaperPolicy.FAIL:
                code, why = obstacle if obstacle and not is_cancelled else (ErrorCode.CANCELLED, "cancelled")
                text = f"{self._name}: {why}; after {self._confirmed} of {self._total} bytes, the rest was not sent"
                raise PrintFailedError(code, text, is_on_paper=True)
            self._tell(obstacle)
            await self._pause(self._limits.poll_interval_s)
            await self._hands.ask()

    async def _until_well(self, *, is_answer_needed: bool = True) -> None:
        """No obstacle is reported any more. Raises UnknownOutcomeError where it is silent too long, or cancelled."""
        heard_s = self._clock.monotonic()
        while True:
            is_heard = await self._hands.ask()
            if is_heard:
                heard_s = self._clock.monotonic()
            obstacle = self._condition.obstacle() if is_heard else None
            if obstacle is None and (is_heard or not (is_answer_needed or self._condition.is_known)):
                return
            self._tell(obstacle or SILENT)
            silent_s = self._clock.monotonic() - heard_s
            if self._watch.cancelled.is_set() or silent_s >= SILENCE_S_MAX:
                words = obstacle[1] if obstacle else "it does not answer"
                raise UnknownOutcomeError(f"{self._name}: {words}; {LOOK}")
            await self._pause(self._limits.status_interval_s)

    async def _pause(self, seconds: float) -> None:
        await within(self._clock, seconds, self._watch.cancelled.wait())

    def _tell(self, obstacle: Obstacle | None) -> None:
        code, words = obstacle or (None, "")
        self._watch.progress(self._sent, self._confirmed, code, words)
