"""Zebra's and Bixolon's ways to be asked: ~HS, which counts what is left; ^cu, which does not. EPL2's: ^ee and ACK."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.label_condition import LabelCondition
from drivers.label_dialect import WRITE_S_MAX, Asking, answered
from drivers.label_settings import EplSettings
from drivers.printer_line import PrinterLine
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.waiting import within
from protocols.printers.epl_status import EplAcknowledged, EplReport, EplStatusCodec
from protocols.printers.slcs_status import SlcsStatus, SlcsStatusCodec
from protocols.printers.zpl_events import HostIdentification, HostStatus
from protocols.printers.zpl_status import ZplStatusCodec


class ZplDialect(Asking):
    """~HS counts formats and labels; it stands in line behind what was sent before."""

    can_count = True
    counts_when_stopped = True
    is_silence_usual = True

    def __init__(self) -> None:
        self.codec = ZplStatusCodec()

    def setup(self) -> bytes:
        return b"\r\n"  # ^ and ~ end whatever was cut off

    def take(self, event: CodecEvent, condition: LabelCondition) -> bool:
        if not isinstance(event, HostStatus) or not event.is_complete:
            return False
        is_hot = bool(event.over_temperature or event.under_temperature)
        return condition.read(
            head_open=event.head_up,
            media_out=event.paper_out,
            ribbon_out=event.ribbon_out,
            paused=event.paused,
            overheated=is_hot,
            error="its settings were lost" if event.corrupt_ram else None,
            label_waiting=event.label_waiting,
            outstanding=(event.formats_in_buffer or 0) + (event.labels_remaining or 0) + bool(event.partial_format),
        )

    async def ask(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        return await answered(line, clock, timeout_s, b"~HS", _complete)

    def clear_command(self) -> bytes | None:
        return b"~JA"

    async def identity(self, line: PrinterLine, clock: Clock, timeout_s: float) -> Mapping[str, str]:
        with line.waiting_for(lambda event: isinstance(event, HostIdentification)) as answer:
            if await line.write_now(b"~HI", WRITE_S_MAX) and await within(clock, timeout_s, answer):
                event = answer.result()
                if isinstance(event, HostIdentification):
                    return {"model": event.model, "firmware": event.firmware}
        return {}


class EplDialect(Asking):
    """^ee is answered at once, with the codes of what is wrong."""

    counts_when_stopped = False
    is_silence_usual = False

    def __init__(self, settings: EplSettings) -> None:
        self.codec = EplStatusCodec()
        self._settings = settings
        self.can_count = settings.confirm != "none"
        self._forms_open = 0

    def setup(self) -> bytes:
        return b"\r\nUS\r\n" if self._settings.confirm == "acknowledge" else b"\r\n"

    def form_sent(self) -> None:
        """One P command more is on its way."""
        self._forms_open += 1

    def take(self, event: CodecEvent, condition: LabelCondition) -> bool:
        if isinstance(event, EplAcknowledged):
            self._forms_open = max(0, self._forms_open - 1)
            return condition.read(outstanding=self._forms_open)
        if not isinstance(event, EplReport):
            return False
        codes = set(event.codes)
        is_at_work = bool(codes & {"21"}) or (self._settings.confirm == "acknowledge" and self._forms_open > 0)
        known = {"00", "07", "11", "12", "20", "21", "62", "81", "91", "92", "93"}
        return condition.read(
            head_open="11" in codes,
            media_out="07" in codes,
            ribbon_out="93" in codes,
            cutter_error="81" in codes,
            overheated=bool(codes & {"62", "91"}),
            paused=bool(codes & {"12", "92"}),
            error=", ".join(sorted(codes - known)) or None,
            label_waiting="20" in codes,
            outstanding=max(event.labels_remaining or 0, int(is_at_work)),
        )

    async def ask(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        return await answered(line, clock, timeout_s, b"^ee\r\n", lambda event: isinstance(event, EplReport))


class SlcsDialect(Asking):
    """^cu: what is wrong, and nothing of what is under way."""

    can_count = False
    counts_when_stopped = False
    is_silence_usual = False

    def __init__(self) -> None:
        self.codec = SlcsStatusCodec()

    def take(self, event: CodecEvent, condition: LabelCondition) -> bool:
        if not isinstance(event, SlcsStatus):
            return False
        return condition.read(
            head_open=event.cover_open,
            media_out=event.paper_empty,
            ribbon_out=event.ribbon_end,
            cutter_error=event.cutter_jam,
            overheated=event.head_overheat,
            error="gap detection error" if event.gap_error else None,
            paused=False,
        )

    async def ask(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        return await answered(line, clock, timeout_s, b"^cu\r\n", lambda event: isinstance(event, SlcsStatus))


def _complete(event: CodecEvent) -> bool:
    return isinstance(event, HostStatus) and event.is_complete
