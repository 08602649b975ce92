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
from typing import Any

from drivers.printer_condition import Conditions, Obstacle
from drivers.printer_confirmations import Confirmations
from drivers.printer_dialect import PrinterDialect
from drivers.printer_line import PrinterLine
from drivers.printer_pieces import missing_bytes, pieces
from drivers.printer_progress import JobLimits, PrintProgress
from drivers.printer_standstill import BeginAgainError, GiveUpError, Standstill
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.printing import PrintWatch, Rendered


class PrinterJob:
    """``run`` once. ``questions``: held while a question is asked, so that commands of people are asked in between.

    ``on_look`` is told whether the printer answered, where it was asked why nothing goes on. ``is_broken_off``:
    a piece is on its way, or a command is half sent: where the job ends so, the connection is of no use any more.
    """

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
        rendered: Rendered,
    ) -> None:
        self._line = line
        self._dialect = dialect
        self._condition = condition
        self._clock = clock
        self._limits = limits
        self._watch = watch
        self._rendered = rendered
        self._confirmations = Confirmations(line, dialect)
        outline = dialect.outline(rendered.data)
        self._progress = PrintProgress(name, len(rendered.data), outline, self._confirmations, watch)
        self._standstill = Standstill(
            line, dialect, condition, questions, clock, limits, self._progress, on_look, self._pause
        )
        self._cancelled: asyncio.Future[Any] | None = None
        self.is_broken_off = False

    @property
    def is_unconfirmed(self) -> bool:
        """A confirmation is still to come, perhaps."""
        return self._confirmations.is_open

    @property
    def obstacle(self) -> Obstacle | None:
        """What a person has to mend before it goes on."""
        return self._progress.obstacle

    async def run(self) -> bool:
        """True: the printer confirmed it. Raises PrintFailedError or UnknownOutcomeError as above."""
        progress = self._progress
        self._cancelled = asyncio.ensure_future(self._watch.cancelled.wait())
        try:
            return await self._print_by_policy()
        except TransportError as error:
            words = f"connection lost after {progress.sent} of {progress.total} bytes ({error})"
            raise progress.unknown(words) from error
        finally:
            self._cancelled.cancel()
            self._confirmations.forget()

    async def _print_by_policy(self) -> bool:
        progress = self._progress
        offset, before, has_begun = 0, b"", False
        while True:
            try:
                return await self._print(offset, before)
            except BeginAgainError as again:
                before = self._dialect.start_again(missing_bytes(progress.outline, progress.sent))
                offset = progress.sent = again.offset
                has_begun = True
            except GiveUpError as end:
                if progress.sent == offset and has_begun:
                    raise progress.cleared(end.code, str(end)) from end
                if await self._standstill.is_done_after_all(end):
                    return True

    async def _print(self, begin_at: int, before: bytes) -> bool:
        data = self._rendered.data
        for piece in pieces(self._rendered, self._progress.outline, self._limits.chunk_bytes, begin_at):
            to_send = before + data[piece.start : piece.end]
            before = b""
            if piece.is_between_commands:
                to_send += self._confirmations.ask(piece)
            await self._send(to_send, piece.end, is_whole=piece.is_between_commands)
            self.is_broken_off = not piece.is_between_commands
            self._progress.tell(None)
        if self._confirmations.can_confirm:
            await self._until_confirmed()
            return True
        await self._until_well()
        return False

    async def _send(self, data: bytes, end: int, *, is_whole: bool) -> None:
        """One piece, however long the printer takes none."""
        progress = self._progress
        self._standstill.require_not_cancelled()
        self.is_broken_off = True
        progress.sending = sending = asyncio.ensure_future(self._line.send(data, is_whole=is_whole))
        sending.add_done_callback(_take_exception)
        # From here on it counts as sent: what was handed over cannot be taken back.
        before, progress.sent = progress.sent, end
        try:
            while not await self._is_done_soon(sending):
                self._standstill.is_line_alive()
                await self._standstill.look()
            sending.result()
        except TransportError:
            progress.sent = before
            raise
        finally:
            sending.cancel()

    async def _until_confirmed(self) -> None:
        """Every piece that asked for it; asking meanwhile why it takes long."""
        self._standstill.begins()
        while (future := self._confirmations.next()) is not None:
            if await self._is_done_soon(future):
                self._require_no_hole()
                self._progress.tell(None)
            else:
                await self._standstill.look()
                self._standstill.require_confirmation()
        self._require_no_hole()
        self._progress.tell(None)

    async def _until_well(self) -> None:
        """In place of a confirmation: a printer that can say how it is says that it is well."""
        self._standstill.begins()
        condition = self._condition
        while (condition.is_known and not await self._standstill.ask()) or condition.obstacle() is not None:
            await self._standstill.look()
            self._standstill.require_voice()
            await self._pause()
        self._watch.progress(self._progress.total, self._progress.total)

    def _require_no_hole(self) -> None:
        if self._confirmations.has_hole:
            words = "it was perhaps switched off, or forgot what it held"
            raise self._progress.unknown(f"a part of the print was lost in the printer: {words}")

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
