"""How a TSPL printer is asked: at once, past what was sent (ESC ! S, ESC ! ?), and in line behind it (~!T)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.label_condition import LabelCondition
from drivers.label_dialect import WRITE_S_MAX, Asking, answered
from drivers.label_settings import TsplSettings
from drivers.printer_line import PrinterLine, Wanted
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.waiting import within
from protocols.printers.tspl_status import TsplExtendedStatus, TsplQuery, TsplStatus, TsplStatusCodec, TsplText


class TsplDialect(Asking):
    """ESC ! S and ESC ! ? pass what was sent before, so ~!T stands in line before them."""

    can_count = True
    counts_when_stopped = False
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
        return await answered(line, clock, timeout_s, request, wanted)

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


def _unnamed(event: TsplExtendedStatus) -> str | None:
    return event.message if event.message == "printer error" and not event.errors else None


_TOO_HOT: Final = frozenset({"print head overheat", "stepping motor overheat"})
