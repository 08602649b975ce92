"""A print that stands still: find out why, tell it, do what the policy says, and give it up with what is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from drivers.printer_condition import SILENT, Conditions
from drivers.printer_dialect import PrinterDialect
from drivers.printer_line import PrinterLine
from drivers.printer_progress import JobLimits, PrintProgress
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.printing import PaperPolicy

SLOWEST_BYTES_PER_S: Final = 80.0
"""An impact printer prints two lines a second; a long print gets so much more time to be confirmed."""
SILENCE_S_MAX: Final = 600.0
"""A printer that has all, is silent for so long and gave no reason before, is given up: somebody changed the roll, or
nobody will."""


class GiveUpError(Exception):
    """Nothing more is sent."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class BeginAgainError(Exception):
    """The printer forgot the rest for certain: the job is sent once more from an offset on."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Standstill:
    """Of one print. ``look`` whenever nothing went on for a while; ``pause``: until the next look, or the cancellation.

    ``questions``: held while a question is asked, so that commands of people are asked in between.
    """

    def __init__(
        self,
        line: PrinterLine,
        dialect: PrinterDialect,
        condition: Conditions,
        questions: asyncio.Lock,
        clock: Clock,
        limits: JobLimits,
        progress: PrintProgress,
        on_look: Callable[[bool], None],
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self._line = line
        self._dialect = dialect
        self._condition = condition
        self._questions = questions
        self._clock = clock
        self._progress = progress
        self._on_look = on_look
        self._pause = pause
        self._limits = limits
        self._is_clearing_useless = not limits.can_clear_buffer
        self._well_since_s = self._heard_s = clock.monotonic()

    def begins(self) -> None:
        """Something is waited for from now on."""
        self._well_since_s = self._heard_s = self._clock.monotonic()

    def is_line_alive(self) -> None:
        """A line that is stopped is alive, silence does not count there: a dead one is the transport's to tell."""
        self._heard_s = self._clock.monotonic()

    async def ask(self) -> bool:
        """Its condition. False: silence."""
        async with self._questions:
            return await self._dialect.status(tries=1)

    async def look(self) -> None:
        """Raises GiveUpError, BeginAgainError, UnknownOutcomeError, PrintFailedError, TransportError."""
        progress = self._progress
        self.require_not_cancelled()
        is_heard = await self.ask()
        self._on_look(is_heard)
        now_s = self._clock.monotonic()
        if is_heard:
            self._heard_s = now_s
        elif self._line.is_between_commands:
            progress.was_silent = True
        if progress.is_all_confirmed:
            return
        if (obstacle := self._condition.obstacle()) is not None:
            self._well_since_s = self._heard_s = now_s
            progress.tell(obstacle)
            await self._follow_policy(obstacle[0], obstacle[1])
        elif is_heard:
            progress.tell(None)
        else:
            self._well_since_s = now_s
            if (said := await self._line.port_says()) is not None:
                self._heard_s = now_s
            progress.tell(said or SILENT)
            if now_s - self._heard_s >= SILENCE_S_MAX:
                raise GiveUpError(ErrorCode.TIMEOUT, f"silent for {SILENCE_S_MAX:g} s")

    def require_not_cancelled(self) -> None:
        """Raises GiveUpError."""
        if self._progress.watch.cancelled.is_set():
            raise GiveUpError(ErrorCode.CANCELLED, "cancelled")

    def require_confirmation(self) -> None:
        """Well, all sent, and no confirmation: for as long as printing may take, and no longer."""
        confirmations = self._progress.confirmations
        limit_s = self._printing_s_max(self._progress.total - confirmations.confirmed_bytes)
        if confirmations.next() is not None and self._clock.monotonic() - self._well_since_s >= limit_s:
            words = f"did not confirm within {limit_s:.0f} s; does this model know how (setting confirm)?"
            raise self._progress.unknown(words)

    def require_voice(self) -> None:
        """All sent, and silent, of a printer that answered before: the same."""
        if self._clock.monotonic() - self._heard_s >= self._printing_s_max(self._progress.total):
            raise self._progress.unknown("all was sent, and it does not answer any more")

    async def is_done_after_all(self, end: GiveUpError) -> bool:
        """The job is given up: raise its outcome, unless the printer said meanwhile that all was printed."""
        progress, code, reason = self._progress, end.code, str(end)
        if progress.sent == 0:
            raise progress.nothing_sent(code, reason) from end
        is_cleared = self._limits.can_clear_buffer and await self._clear()
        if progress.is_all_confirmed:
            return True
        if is_cleared and progress.is_part_missing:
            raise progress.cleared(code, reason) from end
        rest = "the rest was cleared" if is_cleared else "the rest may still come out"
        raise progress.unknown(f"{reason} after {progress.sent} of {progress.total} bytes; {rest}") from end

    async def _follow_policy(self, code: ErrorCode, words: str) -> None:
        progress, policy = self._progress, self._progress.watch.paper_policy
        if policy is PaperPolicy.FAIL:
            raise GiveUpError(code, words)
        if policy is PaperPolicy.CONTINUE or self._is_clearing_useless or not progress.is_part_missing:
            return
        if not await self._clear():
            self._is_clearing_useless = True  # what it holds may come out yet: it goes on with that
            return
        if progress.is_all_confirmed:
            return
        if not progress.is_part_missing:
            raise progress.unknown(f"{words}; the rest was cleared, and all may be on paper")
        confirmations = progress.confirmations
        confirmations.begin_again(confirmations.confirmed_bytes if policy is PaperPolicy.LAST_CUT else 0)
        while (obstacle := self._condition.obstacle()) is not None:
            progress.tell(obstacle)
            await self._pause()
            if progress.watch.cancelled.is_set():
                raise progress.cleared(ErrorCode.CANCELLED, "cancelled")
            await self.ask()
        raise BeginAgainError(confirmations.confirmed_bytes)

    async def _clear(self) -> bool:
        """What waits to be sent must not follow the clearing: it is held back, and given up once that is confirmed."""
        self._line.hold()
        try:
            async with self._questions:
                is_cleared = await self._dialect.clear_buffer()
            sending = self._progress.sending
            if is_cleared and sending is not None and not sending.done():
                sending.cancel()
                await asyncio.wait({sending})
            return is_cleared
        finally:
            self._line.release()

    def _printing_s_max(self, count: int) -> float:
        """Of so many bytes that the printer has."""
        return self._limits.confirm_timeout_s + count / SLOWEST_BYTES_PER_S
