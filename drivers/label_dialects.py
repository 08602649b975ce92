"""How each label language is asked for its condition, told to forget, and known to have taken up what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from drivers.label_condition import LabelCondition
from drivers.label_settings import EplSettings, TsplSettings
from drivers.printer_line import PrinterLine, Wanted
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.waiting import within
from protocols.printers.epl_status import EplAcknowledged, EplReport, EplStatusCodec
from protocols.printers.slcs_status import SlcsStatus, SlcsStatusCodec
from protocols.printers.tspl_status import (
    TsplExtendedStatus,
    TsplQuery,
    TsplStatus,
    TsplStatusCodec,
    TsplText,
)
from protocols.printers.zpl_events import HostIdentification, HostStatus
from protocols.printers.zpl_status import ZplStatusCodec

WRITE_S_MAX: Final = 1.0
"""A question is some bytes; a printer that takes none for so long takes none at all."""


class LabelDialect(Protocol):
    """One connection. ``can_count``: it says when nothing is left to print. ``is_silence_usual``: it does not answer
    while it has no labels or its head is open. Questions are asked by one task at a time; all raise TransportError."""

    can_count: bool
    is_silence_usual: bool

    @property
    def codec(self) -> Codec: ...

    def setup(self) -> bytes:
        """At each connect: whatever the last connection left half sent is ended."""
        ...

    def take(self, event: CodecEvent, condition: LabelCondition) -> bool:
        """Read what it says. True: something changed."""
        ...

    async def ask(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        """Its condition. False: silence."""
        ...

    async def barrier(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        """What was sent before has been taken up: the next answer counts it. False: not yet."""
        ...

    def clear_command(self) -> bytes | None:
        """Forget all that is not printed; None: it cannot."""
        ...

    async def identity(self, line: PrinterLine, clock: Clock, timeout_s: float) -> Mapping[str, str]: ...


class _Asking:
    """What all four share."""

    def setup(self) -> bytes:
        return b"\r\n"

    async def barrier(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        return True

    def clear_command(self) -> bytes | None:
        return None

    async def identity(self, line: PrinterLine, clock: Clock, timeout_s: float) -> Mapping[str, str]:
        return {}


class ZplDialect(_Asking):
    """~HS counts formats and labels; it stands in line behind what was sent before."""

    can_count = True
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
        return await _answered(line, clock, timeout_s, b"~HS", _complete)

    def clear_command(self) -> bytes | None:
        return b"~JA"

    async def identity(self, line: PrinterLine, clock: Clock, timeout_s: float) -> Mapping[str, str]:
        with line.waiting_for(lambda event: isinstance(event, HostIdentification)) as answer:
            if await line.write_now(b"~HI", WRITE_S_MAX) and await within(clock, timeout_s, answer):
                event = answer.result()
                if isinstance(event, HostIdentification):
                    return {"model": event.model, "firmware": event.firmware}
        return {}


class TsplDialect(_Asking):
    """ESC ! S and ESC ! ? pass what was sent before, so ~!T stands in line before them."""

    can_count = True
    is_silence_usual = False

    def __init__(self, settings: TsplSettings) -> None:
        self.codec = TsplStatusCodec()
        self._settings = settings

    def take(self, event: CodecEvent, condition: LabelCondition) -> bool:
        if isinstance(event, TsplStatus):
            return condition.read(
                head_open=event.head_open or event.cover_open,
                media_out=event.paper_out,
                media_jam=event.paper_jam,
                ribbon_out=event.ribbon_out,
                paused=event.paused,
                overheated=event.temperature_out_of_range,
                outstanding=int(event.printing),
            )
        if not isinstance(event, TsplExtendedStatus):
            return False
        errors = set(event.errors)
        rest = errors - {"print head open", "paper empty", "paper jam", "ribbon empty", "ribbon jam", "cutter jam"}
        rest -= _TOO_HOT
        is_waiting = event.message in ("waiting to take label", "waiting to press print key")
        return condition.read(
            head_open="print head open" in errors,
            media_out="paper empty" in errors,
            media_jam=bool(errors & {"paper jam", "ribbon jam"}),
            ribbon_out="ribbon empty" in errors,
            cutter_error="cutter jam" in errors,
            overheated=bool(errors & _TOO_HOT),
            paused=event.message == "pause",
            error=", ".join(sorted(rest)) or _unnamed(event),
            label_waiting=is_waiting,
            outstanding=0 if event.message in ("normal", "pause", "printer error") else 1,
        )

    async def ask(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        query = TsplQuery.EXTENDED if self._settings.has_extended_status else TsplQuery.STATUS
        kind = TsplExtendedStatus if self._settings.has_extended_status else TsplStatus
        request = b"\x1b!S" if self._settings.has_extended_status else b"\x1b!?"
        return await self._asked(line, clock, timeout_s, query, request, lambda event: isinstance(event, kind))

    async def barrier(self, line: PrinterLine, clock: Clock, timeout_s: float) -> bool:
        if not self._settings.has_barrier:
            return True
        wanted: Wanted = lambda event: isinstance(event, TsplText)  # noqa: E731 - named for its type
        return await self._asked(line, clock, timeout_s, TsplQuery.MODEL, b"~!T\r\n", wanted)

    async def _asked(
        self, line: PrinterLine, clock: Clock, timeout_s: float, query: TsplQuery, request: bytes, wanted: Wanted
    ) -> bool:
        self.codec.forget_expected()
        line.flush()
        self.codec.expect(query)
        return await _answered(line, clock, timeout_s, request, wanted)

    def clear_command(self) -> bytes | None:
        return b"\x1b!."

    async def identity(self, line: PrinterLine, clock: Clock, timeout_s: float) -> Mapping[str, str]:
        if not self._settings.has_barrier:
            return {}
        self.codec.forget_expected()
        self.codec.expect(TsplQuery.MODEL)
        with line.waiting_for(lambda event: isinstance(event, TsplText)) as answer:
            if await line.write_now(b"~!T\r\n", WRITE_S_MAX) and await within(clock, timeout_s, answer):
                event = answer.result()
                if isinstance(event, TsplText):
                    return {"model": event.text}
        return {}


class EplDialect(_Asking):
    """^ee is answered at once, with the codes of what is wrong."""

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
        return await _answered(line, clock, timeout_s, b"^ee\r\n", lambda event: isinstance(event, EplReport))


class SlcsDialect(_Asking):
    """^cu: what is wrong, and nothing of what is under way."""

    can_count = False
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
        return await _answered(line, clock, timeout_s, b"^cu\r\n", lambda event: isinstance(event, SlcsStatus))


async def _answered(line: PrinterLine, clock: Clock, timeout_s: float, request: bytes, wanted: Wanted) -> bool:
    with line.waiting_for(wanted) as answer:
        if not await line.write_now(request, WRITE_S_MAX):
            return False
        if await within(clock, timeout_s, answer):
            return True
    line.flush()
    return False


def _complete(event: CodecEvent) -> bool:
    return isinstance(event, HostStatus) and event.is_complete


def _unnamed(event: TsplExtendedStatus) -> str | None:
    return event.message if event.message == "printer error" and not event.errors else None


_TOO_HOT: Final = frozenset({"print head overheat", "stepping motor overheat"})
