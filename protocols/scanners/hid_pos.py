"""USB HID POS scanners (usage page 8C, usage 2): bar codes in input reports, long ones over several.

The usual report has 64 bytes: ``[2][length][AIM identifier, 3][data, 56][maker's symbology, 2][more]``. A report
descriptor that names its fields (USB HID Point of Sale Usage Tables 1.02, "Scanned Data Report") goes before it. Some
scanners put one more byte in front of the AIM identifier. Seen in captures of a Voyager 1602g.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from edge_gateway.contracts.hid_report_descriptor import ReportDescriptor, ReportField, ReportKind, usage_of
from protocols.scanners.licence_frames import holds_licence_head

READ_BYTES_MAX: Final = 4096
"""Of one read, however many reports it takes: more than any symbol of a till."""
_PAGE: Final = 0x8C
_AIM_CHARACTER_1: Final = usage_of(_PAGE, 0xFB)
_SCANNED_DATA: Final = usage_of(_PAGE, 0xFE)
_CONTINUED: Final = usage_of(_PAGE, 0xFF)
_SYMBOLOGY: Final = usage_of(_PAGE, 0xFA)
_BYTE_COUNT: Final = usage_of(1, 0x3B)
_AIM_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class HidPosLayout:
    """Where things stand in a report, counted from its first byte."""

    report_id: int = 2
    length_at: int = 1
    aim_at: int = 2
    data_at: int = 5
    data_bytes: int = 56
    symbology_at: int | None = 61
    more_at: int | None = 63
    report_bytes: int = 64

    @classmethod
    def of(cls, descriptor: ReportDescriptor) -> HidPosLayout:
        """As the descriptor says it; the usual one where it does not name its fields, or not in whole bytes."""
        for data in descriptor.find(_SCANNED_DATA, ReportKind.INPUT):
            start = 8 if descriptor.has_report_ids else 0
            fields = {
                usage: _first(descriptor, usage, data.report_id)
                for usage in (_BYTE_COUNT, _AIM_CHARACTER_1, _CONTINUED, _SYMBOLOGY)
            }
            length, aim = fields[_BYTE_COUNT], fields[_AIM_CHARACTER_1]
            if length is None or aim is None or (start + data.bit_offset) % 8 or data.size_bits != 8:
                continue

            def at(each: ReportField | None, start: int = start) -> int | None:
                return None if each is None else (start + each.bit_offset) // 8

            symbology = at(fields[_SYMBOLOGY])
            end = (start + data.bit_offset) // 8 + data.count
            length_at, aim_at, more_at = at(length) or 0, at(aim) or 0, at(fields[_CONTINUED])
            report_bytes = descriptor.report_length(ReportKind.INPUT, data.report_id)
            if symbology is None and more_at is not None and more_at - end >= 1:
                symbology = end  # two bytes of the maker's between the data and the last
            return cls(
                data.report_id if descriptor.has_report_ids else 0,
                length_at,
                aim_at,
                end - data.count,
                data.count,
                symbology,
                more_at,
                report_bytes,
            )
        return cls()


@dataclass(frozen=True, slots=True)
class HidPosReport(CodecEvent):
    """One input report. ``aim_offset``: bytes in front of the AIM identifier; None where there is none."""

    report_id: int
    length: int
    data: bytes
    aim: str | None
    aim_offset: int | None
    vendor_symbology: int | None
    is_more: bool


def decode_report(report: bytes, layout: HidPosLayout | None = None) -> HidPosReport | FrameRejected:
    """One report as hidraw gives it; a longer one is cut, a shorter one refused."""
    layout = layout or HidPosLayout()
    if len(report) < layout.report_bytes:
        return FrameRejected.of("short_report", report)
    if layout.report_id and report[0] != layout.report_id:
        return FrameRejected.of("other_report", report)
    length = report[layout.length_at]
    if length > layout.data_bytes:
        return FrameRejected.of("length", report)
    aim, offset = None, None
    for place in (0, 1):
        found = report[layout.aim_at + place : layout.aim_at + place + _AIM_BYTES]
        if found[:1] == b"]" and found[1:].isalnum():
            aim, offset = found.decode("ascii"), place
            break
    data_at = layout.data_at + (offset or 0)
    return HidPosReport(
        report[0] if layout.report_id else 0,
        length,
        report[data_at : data_at + length],
        aim,
        offset,
        None if layout.symbology_at is None else report[layout.symbology_at],
        layout.more_at is not None and bool(report[layout.more_at]),
    )


class HidPosReads:
    """Reports in, bar codes out: those of one read joined until the report that says it is the last."""

    def __init__(self, layout: HidPosLayout | None = None, *, has_code_ids: bool = False) -> None:
        """``has_code_ids``: the maker's symbology byte is a code identifier of its tables."""
        self.layout = layout or HidPosLayout()
        self._has_code_ids = has_code_ids
        self._parts = bytearray()
        self._aim: str | None = None
        self._is_joining = False
        self._is_skipping = False

    @property
    def is_ended_by_idle(self) -> bool:
        """Never: the last report says so."""
        return False

    @property
    def has_pending(self) -> bool:
        """More reports of this read are to come."""
        return self._is_joining

    @property
    def is_in_licence(self) -> bool:
        """What was joined so far is the beginning of a driving licence."""
        return self._is_joining and holds_licence_head(self._parts)

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        """One report, whole."""
        report = decode_report(data, self.layout)
        return [report] if isinstance(report, FrameRejected) else self.take(report)

    def take(self, report: HidPosReport) -> Sequence[CodecEvent]:
        """What the report completes."""
        if self._is_skipping:
            self._is_skipping = report.is_more
            return ()
        events = [self._drop("aim_changed")] if self._is_joining and report.aim != self._aim else []
        self._aim, self._is_joining = report.aim, report.is_more
        self._parts += report.data
        if len(self._parts) > READ_BYTES_MAX:
            self._is_skipping = report.is_more
            return [*events, self._drop("too_long")]
        if report.is_more:
            return events
        data = bytes(self._parts)
        self._parts.clear()
        if not data:
            return [*events, FrameRejected.of("no_data", b"")]
        raw = (report.aim or "").encode("ascii") + data
        symbology = report.vendor_symbology
        code_id = chr(symbology) if self._has_code_ids and symbology else None
        return [*events, BarcodeRead(raw=raw, data=data, aim=report.aim, code_id=code_id)]

    def flush(self) -> Sequence[CodecEvent]:
        """The rest of a read did not come."""
        self._is_skipping = False
        return [self._drop("incomplete")] if self._is_joining else ()

    def _drop(self, reason: str) -> FrameRejected:
        rejected = FrameRejected.of(reason, bytes(self._parts))
        self._parts.clear()
        self._is_joining = False
        return rejected


class HidPosCodec:
    """Reports one after the other, as captures have them: records of 64 bytes, each told, and the reads of several."""

    def __init__(self, layout: HidPosLayout | None = None) -> None:
        self._layout = layout or HidPosLayout()
        self._reads = HidPosReads(self._layout)
        self._buffer = bytearray()
        self._parts = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self._buffer += data
        size = self._layout.report_bytes
        events: list[CodecEvent] = []
        while len(self._buffer) >= size:
            report = decode_report(bytes(self._buffer[:size]), self._layout)
            del self._buffer[:size]
            events.append(report)
            if isinstance(report, FrameRejected):
                continue
            self._parts += 1
            read = self._reads.take(report)
            if self._parts > 1 or any(isinstance(event, FrameRejected) for event in read):
                events += read
            if not self._reads.has_pending:
                self._parts = 0
        return events

    def flush(self) -> Sequence[CodecEvent]:
        self._reads.flush()  # each of its reports was told; a capture may begin and end inside a read
        self._parts = 0
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [FrameRejected.of("short_report", rest)] if rest else ()


def _first(descriptor: ReportDescriptor, usage: int, report_id: int) -> ReportField | None:
    fields = descriptor.find(usage, ReportKind.INPUT)
    return next((each for each in fields if each.report_id == report_id and not each.is_constant), None)
