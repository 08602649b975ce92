"""ESC/POS as a printer's dialect: DLE EOT and ASB for the status, GS ( H or GS r to confirm, DLE DC4 8 to clear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from drivers.escpos_line import EscposLine
from drivers.escpos_questions import EscposQuestions
from drivers.escpos_settings import EscposSettings
from drivers.printer_dialect import Confirmation
from drivers.printer_pieces import Ask
from drivers.printer_resynchronise import Resynchroniser
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.waiting import within
from protocols.printers import escpos_commands as commands
from protocols.printers.command_stream import Outline
from protocols.printers.escpos_events import AutomaticStatus, BufferCleared, OrderedReply, ProcessIdReply, Query
from protocols.printers.escpos_host import escpos_outline

SETUP_NULS: Final = 8
"""Completes short commands that a lost connection left half sent, and prints nothing; sent at each connect."""
RESYNCHRONISE_NULS: Final = 1024
"""The same for most others, where the printer does not answer; for all: drivers.printer_resynchronise."""
CLEAR_TIMEOUT_S: Final = 1.0
"""DLE DC4 8 is a real-time command: answered at once or not at all."""
PROCESS_ID_DIGITS: Final = bytes(range(0x21, 0x7F))
"""Printable ASCII without the space."""


class EscposDialect:
    """Implements PrinterDialect."""

    def __init__(self, line: EscposLine, settings: EscposSettings, clock: Clock) -> None:
        self._line = line
        self._settings = settings
        self._clock = clock
        self._questions = EscposQuestions(line, settings, clock)
        self._resynchroniser = Resynchroniser(self._asks, settings.status_timeout_s * settings.status_tries)
        self._process_number = int(clock.now().timestamp() * 1000)
        """From the wall clock in milliseconds the ids come again after 21 hours."""

    async def begin(self) -> bool:
        timeout_s, setup = self._settings.status_timeout_s, self._setup()
        with self._line.waiting_for(lambda event: isinstance(event, AutomaticStatus)) as status:
            await self._line.write(commands.NUL * SETUP_NULS + setup, timeout_s)
            is_heard = await within(self._clock, timeout_s, status)
        if not is_heard:
            # Offline, without ASB, or in the middle of a command that the last connection left half sent.
            await self._line.write(commands.NUL * RESYNCHRONISE_NULS + setup, timeout_s)
            if self._settings.confirm != "none":
                self._resynchroniser.suspect()
        return is_heard or await self.status(self._settings.status_tries)

    async def is_there(self) -> bool:
        return await self._questions.is_there()

    async def status(self, tries: int) -> bool:
        return await self._questions.status(tries)

    async def identity(self) -> Mapping[str, str]:
        return await self._questions.identity()

    async def prepare_to_confirm(self, *, may_confirm_late: bool) -> bool:
        if not await self._resynchroniser.settle():
            return False
        # A process id is the print's own; GS r answers all alike.
        return self._settings.confirm != "gs_r" or not may_confirm_late or await self._questions.pass_barrier()

    def confirmation(self, ask: Ask) -> Confirmation | None:
        match self._settings.confirm:
            case "none":
                return None
            case "gs_r":
                self._line.expect_ordered(Query.GS_R_1)
                return Confirmation(
                    commands.transmit_status(1),
                    lambda event: isinstance(event, OrderedReply) and event.query is Query.GS_R_1,
                )
            case _:
                self._process_number += 1
                process_id = _process_id(self._process_number)
                text = process_id.decode("ascii")
                return Confirmation(
                    commands.request_process_id(process_id),
                    lambda event: isinstance(event, ProcessIdReply) and event.process_id == text,
                )

    async def clear_buffer(self) -> bool:
        with self._line.waiting_for(lambda event: isinstance(event, BufferCleared)) as cleared:
            try:
                await self._line.write_now(commands.CLEAR_BUFFER, CLEAR_TIMEOUT_S, is_forced=True)
            except TransportError:
                return False
            return await within(self._clock, CLEAR_TIMEOUT_S, cleared)

    async def recover(self, *, is_clearing: bool) -> None:
        await self._line.write_now(commands.recover(is_clearing=is_clearing), self._settings.status_timeout_s)

    def start_again(self, unsent_bytes: int) -> bytes:
        return commands.NUL * max(unsent_bytes, SETUP_NULS) + self._setup()

    def drawer_pulse_now(self, pin: Literal[2, 5] | None) -> bytes | None:
        settings = self._settings
        wanted = pin or settings.drawer_pin
        if not settings.can_pulse_real_time or wanted == 0:
            return None
        return commands.drawer_kick_now(wanted, settings.drawer_pulse_ms)

    def outline(self, data: bytes) -> Outline:
        return escpos_outline(data)

    async def _asks(self, zeros: bytes, timeout_s: float) -> bool:
        """Whether it answers in print order."""
        question = self.confirmation(Ask.WHOLE)
        assert question is not None
        with self._line.waiting_for(question.wanted) as answer:
            is_sent = await self._line.write(zeros + self._setup() + question.request, timeout_s)
            return is_sent and await within(self._clock, timeout_s, answer)

    def _setup(self) -> bytes:
        """Styles as after power-on, status back on, the real-time drawer pulse as the settings want it."""
        return commands.INITIALIZE + self._settings.setup()


def _process_id(number: int) -> bytes:
    digits = bytearray()
    for _ in range(4):
        number, digit = divmod(number, len(PROCESS_ID_DIGITS))
        digits.append(PROCESS_ID_DIGITS[digit])
    return bytes(digits)
