"""Star Line Mode and StarPRNT as a printer's dialect: automatic status, the ETB counter or ESC GS ETX to confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from drivers.printer_dialect import Confirmation
from drivers.printer_line import PrinterLine
from drivers.printer_pieces import Ask
from drivers.printer_resynchronise import Resynchroniser
from drivers.star_settings import StarSettings
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.waiting import within
from protocols.printers import star_commands as commands
from protocols.printers.command_stream import Outline
from protocols.printers.star_events import ETB_COUNTS, PrintEndCounter, StarInformation, StarStatus, StarVersion
from protocols.printers.star_graphic import ABANDON, star_graphic_outline
from protocols.printers.star_host import star_outline

SETUP_NULS: Final = 8
"""Completes a short command that the last connection left half sent."""
RESYNCHRONISE_NULS: Final = 1024
"""The same for longer ones (a QR code at most), where the printer does not answer."""
COUNTER_TRIES: Final = 20
COUNTER_INTERVAL_S: Final = 0.1
"""A printer that works off what it has received counts within 2 s."""
DOCUMENT_IDS: Final = 0x10000


class StarDialect:
    """Implements PrinterDialect. ``heard`` must be told every status: the ETB counter goes on from the last one."""

    def __init__(self, line: PrinterLine, settings: StarSettings, clock: Clock) -> None:
        self._line = line
        self._settings = settings
        self._clock = clock
        self._etb_seen: int | None = None
        self._etb_asked = 0
        self._resynchroniser = Resynchroniser(self._asks, settings.status_timeout_s * settings.status_tries)
        self._document_id = int(clock.now().timestamp() * 10) % DOCUMENT_IDS

    def heard(self, status: StarStatus) -> None:
        """The counter as it is."""
        if status.etb_counter is not None:
            self._etb_seen = status.etb_counter

    async def begin(self) -> bool:
        if self._settings.confirm != "none":
            self._resynchroniser.suspect()  # it tells its status also in the middle of a command
        timeout_s, setup = self._settings.status_timeout_s, commands.INITIALIZE + self._settings.setup()
        with self._line.waiting_for(_is_status) as status:
            await self._line.write(self._completed(SETUP_NULS) + setup + commands.REQUEST_STATUS, timeout_s)
            is_heard = await within(self._clock, timeout_s, status)
        if is_heard:
            return True
        await self._line.write(self._completed(RESYNCHRONISE_NULS) + setup, timeout_s)
        return await self.status(self._settings.status_tries)

    async def is_there(self) -> bool:
        return await self.status(tries=1)

    async def status(self, tries: int) -> bool:
        for _ in range(tries):
            with self._line.waiting_for(_is_status) as status:
                await self._line.write_now(commands.REQUEST_STATUS, self._settings.status_timeout_s)
                if await within(self._clock, self._settings.status_timeout_s, status):
                    return True
            self._line.flush()
        return False

    async def identity(self) -> Mapping[str, str]:
        info = {"vendor": "Star"}
        version = await self._answer(commands.REQUEST_VERSION, StarVersion)
        if not isinstance(version, StarVersion):
            return {}
        info |= {"model": version.model_name, "firmware": version.firmware}
        if self._settings.confirm == "print_end_counter":  # a StarPRNT printer knows the next question too
            serial = await self._answer(commands.REQUEST_SERIAL, StarInformation)
            if isinstance(serial, StarInformation) and serial.serial_number is not None:
                info["serial_number"] = serial.serial_number
        return info

    async def prepare_to_confirm(self, *, may_confirm_late: bool) -> bool:
        """The ETB counter says nothing of whose ETB it was, and begins at 0 when the printer is switched on: each print
        counts from 0. What is behind an ETB of an earlier print is behind ours too."""
        if not await self._resynchroniser.settle():
            return False
        if self._settings.confirm != "etb":
            return True
        if may_confirm_late and not await self._until_counted(commands.ETB, lambda count: count > 0):
            return False
        self._etb_asked = 0
        return await self._until_counted(commands.CLEAR_ETB_COUNTER, lambda count: count == 0)

    def confirmation(self, ask: Ask) -> Confirmation | None:
        match self._settings.confirm:
            case "none":
                return None
            case "etb":
                if ask is Ask.PASSED:
                    return None  # the counter has 32 values, and each piece would take one
                return self._etb()
            case "print_end_counter":
                self._document_id = (self._document_id + 1) % DOCUMENT_IDS
                wanted_id = self._document_id
                return Confirmation(
                    commands.print_end_counter(wanted_id),
                    lambda event: isinstance(event, PrintEndCounter) and event.document_id == wanted_id,
                )

    async def clear_buffer(self) -> bool:
        return False

    async def recover(self, *, is_clearing: bool) -> None:
        """Errors end with their cause; what is in the buffer can be forgotten in its turn."""
        await self._line.write_now(
            commands.CANCEL + self._settings.setup() if is_clearing else commands.REQUEST_STATUS,
            self._settings.status_timeout_s,
        )

    def start_again(self, unsent_bytes: int) -> bytes:
        return self._completed(max(unsent_bytes, SETUP_NULS)) + commands.INITIALIZE + self._settings.setup()

    def drawer_pulse_now(self, pin: Literal[2, 5] | None) -> bytes | None:
        # The second drawer has no such pulse: EM waits for its turn as SUB does.
        is_first = (pin or self._settings.drawer_pin) == 2
        return commands.DRAWER_KICK_NOW if self._settings.can_pulse_real_time and is_first else None

    def outline(self, data: bytes) -> Outline:
        return star_graphic_outline(data) if self._settings.raster == "graphic" else star_outline(data)

    def _completed(self, nuls: int) -> bytes:
        """What a command that is half sent takes in place of its rest."""
        return commands.NUL * nuls + (ABANDON if self._settings.raster == "graphic" else b"")

    def _etb(self) -> Confirmation:
        self._etb_asked += 1
        wanted = self._etb_asked

        def is_reached(event: CodecEvent) -> bool:
            # It, or one that was asked for behind it: a printer may tell two at once.
            if not isinstance(event, StarStatus) or event.etb_counter is None:
                return False
            return (event.etb_counter - wanted) % ETB_COUNTS <= self._etb_asked - wanted

        return Confirmation(commands.ETB, is_reached)

    async def _asks(self, zeros: bytes, timeout_s: float) -> bool:
        """Whether it answers in print order."""
        data = zeros + commands.INITIALIZE + self._settings.setup()
        if self._settings.confirm == "etb":
            before = self._etb_seen or 0
            return await self._until_counted(data + commands.ETB, lambda count: count != before, timeout_s)
        question = self.confirmation(Ask.WHOLE)
        assert question is not None
        with self._line.waiting_for(question.wanted) as answer:
            is_sent = await self._line.write(data + question.request, timeout_s)
            return is_sent and await within(self._clock, timeout_s, answer)

    async def _until_counted(
        self, request: bytes, is_wanted: Callable[[int], bool], write_timeout_s: float | None = None
    ) -> bool:
        """Send it, and ask until the counter is so."""
        await self._line.write(request, write_timeout_s or self._settings.status_timeout_s)
        for _ in range(COUNTER_TRIES):
            if not await self.status(tries=1):
                return False
            if self._etb_seen is not None and is_wanted(self._etb_seen):
                return True
            await self._clock.sleep(COUNTER_INTERVAL_S)
        return False

    async def _answer(self, request: bytes, kind: type[CodecEvent]) -> CodecEvent | None:
        with self._line.waiting_for(lambda event: isinstance(event, kind)) as answer:
            await self._line.write(request, self._settings.status_timeout_s)
            if await within(self._clock, self._settings.status_timeout_s, answer):
                return answer.result()
        self._line.flush()
        return None


def _is_status(event: CodecEvent) -> bool:
    return isinstance(event, StarStatus)
