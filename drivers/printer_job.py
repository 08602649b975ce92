"""One print: bytes sent under flow control, its end known only by the printer's own word.

A printer that stops in the middle (paper out, cover open) is waited for; what becomes of the job when it goes on is the
policy's. How it ends:

- done: the printer confirmed that everything before its confirmation was printed (no confirmation configured: all was
  sent, and it reports no obstacle if it reports anything).
- PrintFailedError: the printer confirmed that it cleared the rest, and something visible of the job was not printed:
  it was not sent, or what stands before it was not confirmed. It cannot be whole, and nothing more of it will come; but
  its beginning may be on paper, and a drawer in it may have opened.
- UnknownOutcomeError: everything else. What is in the printer's buffer may come out when a person mends it.

Nothing is sent twice but by the policies ``restart`` and ``last_cut``, and only under the conditions of the second end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from drivers.printer_condition import SILENT, Conditions, Obstacle
from drivers.printer_confirmations import Confirmations
from drivers.printer_dialect import PrinterDialect
from drivers.printer_line import PrinterLine
from drivers.printer_pieces import missing_bytes, pieces
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, TransportError, UnknownOutcomeError
from edge_gateway.contracts.printing import PaperPolicy, PrintFailedError, PrintWatch, Rendered
from protocols.printers.command_stream import Outline

SLOWEST_BYTES_PER_S: Final = 80.0
"""An impact printer prints two lines a second; a long print gets so much more time to be confirmed."""
SILENCE_S_MAX: Final = 600.0
"""A printer that has all, is silent for so long and gave no reason before, is given up: somebody changed the roll, or
nobody will."""
LOOK: Final = "look at the paper before printing again"


@dataclass(frozen=True, slots=True)
class JobLimits:
    """From the printer's settings."""

    chunk_bytes: int
    status_interval_s: float
    confirm_timeout_s: float
    can_clear_buffer: bool


class _GiveUpError(Exception):
    """Nothing more is sent."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class _BeginAgainError(Exception):
    """The printer forgot the rest for certain: the job is sent once more from an offset on."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class PrinterJob:
    """``run`` once. ``questions``: held while a question is asked, so that commands of people are asked in between.
    ``on_look`` is told whether the printer answered, when the print stood still and it was asked why."""

    def __init__(
        self,
        name: str,
        line: PrinterLine,
        dialect: PrinterDialect,
        condition: Conditions,
        questions: asyncio.Lock,
        clock: Clock,
        limits: JobLimits,
        watch: PrintWatch,
        on_look: Callable[[bool], None],
    ) -> None:
        self._name = name
        self._line = line
        self._dialect = dialect
        self._condition = condition
        self._questions = questions
        self._clock = clock
        self._limits = limits
        self._watch = watch
        self._on_look = on_look
        self._confirmations = Confirmations(line, dialect)
        self._outline = Outline()
        self._total = 0
        self._sent = 0
        self._is_clearing_useless = not limits.can_clear_buffer
        self._well_since_s = self._heard_s = clock.monotonic()
        self._was_silent = False
        """A question had no answer: a confirmation that did not come may be lost as well, and proves nothing."""
        self._cancelled: asyncio.Future[Any] | None = None
        self._sending: asyncio.Future[None] | None = None
        self.is_broken_off = False
        """A piece is on its way, or a command is half sent: the connection is of no use when the job ends so."""
        self.obstacle: Obstacle | None = None
        """What a person has to mend before it goes on."""

    @property
    def is_unconfirmed(self) -> bool:
        """A confirmation is still to come, perhaps."""
        return self._confirmations.is_open

    async def run(self, rendered: Rendered) -> bool:
        """True: the printer confirmed it. Raises PrintFailedError or UnknownOutcomeError as above."""
        self._total = len(rendered.data)
        self._outline = self._dialect.outline(rendered.data)
        self._cancelled = asyncio.ensure_future(self._watch.cancelled.wait())
        try:
            return await self._print_by_policy(rendered)
        except TransportError as error:
            words = f"connection lost after {self._sent} of {self._total} bytes ({error})"
            raise UnknownOutcomeError(f"{self._name}: {words}; {LOOK}") from error
        finally:
            self._cancelled.cancel()
            self._confirmations.forget()

    async def _print_by_policy(self, rendered: Rendered) -> bool:
        offset, before, has_begun = 0, b"", False
        while True:
            try:
                return await self._print(rendered, offset, before)
            except _BeginAgainError as again:
                before = self._dialect.start_again(missing_bytes(self._outline, self._sent))
                offset = self._sent = again.offset
                has_begun = True
            except _GiveUpError as end:
                if self._sent == offset and has_begun:
                    raise self._cleared(end.code, str(end)) from end
                if await self._is_done_after_all(end):
                    return True

    async def _print(self, rendered: Rendered, begin_at: int, before: bytes) -> bool:
        for piece in pieces(rendered, self._outline, self._limits.chunk_bytes, begin_at):
            data = before + rendered.data[piece.start : piece.end]
            before = b""
            if piece.is_between_commands:
                data += self._confirmations.ask(piece)
            await self._send(data, piece.end, is_whole=piece.is_between_commands)
            self.is_broken_off = not piece.is_between_commands
            self._tell(None)
        if self._confirmations.can_confirm:
            await self._until_confirmed()
            return True
        await self._until_well()
        return False

    async def _send(self, data: bytes, end: int, *, is_whole: bool) -> None:
        """One piece, however long the printer takes none."""
        self._require_not_cancelled()
        self.is_broken_off = True
        self._sending = sending = asyncio.ensure_future(self._line.send(data, is_whole=is_whole))
        sending.add_done_callback(_take_exception)
        # From here on it counts as sent: what was handed over cannot be taken back.
        before, self._sent = self._sent, end
        try:
            while not await self._is_done_soon(sending):
                # A line that is stopped is alive, silence does not count here: a dead one is the transport's to tell.
                self._heard_s = self._clock.monotonic()
                await self._look()
            sending.result()
        except TransportError:
            self._sent = before
            raise
        finally:
            sending.cancel()

    async def _until_confirmed(self) -> None:
        """Every piece that asked for it; asking meanwhile why it takes long."""
        self._well_since_s = self._heard_s = self._clock.monotonic()
        while (future := self._confirmations.next()) is not None:
            if await self._is_done_soon(future):
                self._require_no_hole()
                self._tell(None)
            else:
                await self._look()
                self._require_patience()
        self._require_no_hole()
        self._tell(None)

    async def _until_well(self) -> None:
        """In place of a confirmation: a printer that can say how it is says that it is well."""
        self._heard_s = self._clock.monotonic()
        while (self._condition.is_known and not await self._ask()) or self._condition.obstacle() is not None:
            await self._look()
            if self._clock.monotonic() - self._heard_s >= self._printing_s_max(self._total):
                raise UnknownOutcomeError(f"{self._name}: all was sent, and it does not answer any more; {LOOK}")
            await self._pause()
        self._watch.progress(self._total, self._total)

    async def _look(self) -> None:
        """It stands still: find out why, tell it, and do what the policy says."""
        self._require_not_cancelled()
        is_heard = await self._ask()
        self._on_look(is_heard)
        now_s = self._clock.monotonic()
        if is_heard:
            self._heard_s = now_s
        elif self._line.is_between_commands:
            self._was_silent = True
        if self._is_all_confirmed:
            return
        if (obstacle := self._condition.obstacle()) is not None:
            self._well_since_s = self._heard_s = now_s
            self._tell(obstacle)
            await self._follow_policy(obstacle[0], obstacle[1])
        elif is_heard:
            self._tell(None)
        else:
            self._well_since_s = now_s
            if (said := await self._line.port_says()) is not None:
                self._heard_s = now_s
            self._tell(said or SILENT)
            if now_s - self._heard_s >= SILENCE_S_MAX:
                raise _GiveUpError(ErrorCode.TIMEOUT, f"silent for {SILENCE_S_MAX:g} s")

    async def _follow_policy(self, code: ErrorCode, words: str) -> None:
        policy = self._watch.paper_policy
        if policy is PaperPolicy.FAIL:
            raise _GiveUpError(code, words)
        if policy is PaperPolicy.CONTINUE or self._is_clearing_useless or not self._is_part_missing:
            return
        if not await self._clear():
            self._is_clearing_useless = True  # what it holds may come out yet: it goes on with that
            return
        if self._is_all_confirmed:
            return
        if not self._is_part_missing:
            raise UnknownOutcomeError(f"{self._name}: {words}; the rest was cleared, and all may be on paper; {LOOK}")
        self._confirmations.begin_again(self._confirmations.confirmed_bytes if policy is PaperPolicy.LAST_CUT else 0)
        while (obstacle := self._condition.obstacle()) is not None:
            self._tell(obstacle)
            await self._pause()
            if self._watch.cancelled.is_set():
                raise self._cleared(ErrorCode.CANCELLED, "cancelled")
            await self._ask()
        raise _BeginAgainError(self._confirmations.confirmed_bytes)

    async def _is_done_after_all(self, end: _GiveUpError) -> bool:
        """The job is given up: raise its outcome, unless the printer said meanwhile that all was printed."""
        code, reason = end.code, str(end)
        if self._sent == 0:
            raise PrintFailedError(code, f"{self._name}: {reason}; nothing was sent", is_on_paper=False)
        is_cleared = self._limits.can_clear_buffer and await self._clear()
        if self._is_all_confirmed:
            return True
        if is_cleared and self._is_part_missing:
            raise self._cleared(code, reason)
        rest = "the rest was cleared" if is_cleared else "the rest may still come out"
        raise UnknownOutcomeError(
            f"{self._name}: {reason} after {self._sent} of {self._total} bytes; {rest}; {LOOK}"
        ) from end

    def _cleared(self, code: ErrorCode, reason: str) -> PrintFailedError:
        words = "the rest was cleared; the beginning may be on paper, and a drawer in it may have opened"
        return PrintFailedError(code, f"{self._name}: {reason}; {words}", is_on_paper=True)

    @property
    def _is_all_confirmed(self) -> bool:
        return self._sent == self._total == self._confirmations.confirmed_bytes

    @property
    def _is_part_missing(self) -> bool:
        """Something visible of the job is not on paper, if the printer prints nothing more of it."""
        is_unsent = self._sent < self._outline.visible_end
        return is_unsent or (self._confirmations.is_part_missing and not self._was_silent)

    def _require_patience(self) -> None:
        """Well, all sent, and no confirmation: for as long as printing may take, and no longer."""
        limit_s = self._printing_s_max(self._total - self._confirmations.confirmed_bytes)
        if self._confirmations.next() is not None and self._clock.monotonic() - self._well_since_s >= limit_s:
            words = f"did not confirm within {limit_s:.0f} s; does this model know how (setting confirm)?"
            raise UnknownOutcomeError(f"{self._name}: {words} {LOOK}")

    def _printing_s_max(self, count: int) -> float:
        """Of so many bytes that the printer has."""
        return self._limits.confirm_timeout_s + count / SLOWEST_BYTES_PER_S

    def _require_no_hole(self) -> None:
        if self._confirmations.has_hole:
            words = "it was perhaps switched off, or forgot what it held"
            raise UnknownOutcomeError(f"{self._name}: a part of the print was lost in the printer: {words}; {LOOK}")

    def _require_not_cancelled(self) -> None:
        if self._watch.cancelled.is_set():
            raise _GiveUpError(ErrorCode.CANCELLED, "cancelled")

    def _tell(self, obstacle: Obstacle | None) -> None:
        self.obstacle = obstacle
        code, words = obstacle or (None, "")
        self._watch.progress(self._sent, self._confirmations.confirmed_bytes, code, words)

    async def _ask(self) -> bool:
        async with self._questions:
            return await self._dialect.status(tries=1)

    async def _clear(self) -> bool:
        """What waits to be sent must not follow the clearing: it is held back, and given up once that is confirmed."""
        self._line.hold()
        try:
            async with self._questions:
                is_cleared = await self._dialect.clear_buffer()
            if is_cleared and self._sending is not None and not self._sending.done():
                self._sending.cancel()
                await asyncio.wait({self._sending})
            return is_cleared
        finally:
            self._line.release()

    async def _pause(self) -> None:
        await self._is_done_soon(asyncio.get_running_loop().create_future())

    async def _is_done_soon(self, future: asyncio.Future[Any]) -> bool:
        """Wait for it, for the cancellation, or for the time until the next look, whichever comes first."""
        assert self._cancelled is not None
        timer = asyncio.ensure_future(self._clock.sleep(self._limits.status_interval_s))
        waiting = {future, timer} if self._cancelled.done() else {future, timer, self._cancelled}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return future.done()


def _take_exception(future: asyncio.Future[None]) -> None:
    """Of a piece that nobody waits for any more: the job has ended."""
    if not future.cancelled():
        future.exception()
