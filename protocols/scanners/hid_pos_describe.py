"""USB HID POS scanners by name, and how their reports and reads are told."""

from __future__ import annotations

from edge_gateway.contracts.events import BarcodeRead, CodecEvent
from protocols.barcodes.meaning import barcode_of
from protocols.decoding import Decodable, JsonEvent, Side, event_json, text_of
from protocols.scanners.hid_pos import HidPosCodec, HidPosReport


def describe(event: CodecEvent) -> JsonEvent:
    """A report with its parts; a read of several as ``joined``."""
    match event:
        case HidPosReport():
            return _report(event)
        case BarcodeRead():
            barcode = barcode_of(event.data, aim=event.aim)
            # No ``data``: that is what the last report brought.
            told = {"event": "barcode_read", "joined": text_of(event.data), "aim": event.aim, **barcode.to_json()}
            return {name: value for name, value in told.items() if value is not None}
    return event_json(event)


def _report(report: HidPosReport) -> JsonEvent:
    told: JsonEvent = {
        "event": "hid_pos_report",
        "report_id": report.report_id,
        "length": report.length,
        "data": text_of(report.data),
        "more": report.is_more,
    }
    if report.aim is not None:
        told |= {"aim": report.aim, "aim_offset": report.aim_offset}
    if report.vendor_symbology is not None:
        told["vendor_symbology"] = f"0x{report.vendor_symbology:02x}"
    if not report.is_more:
        barcode = barcode_of(report.data, aim=report.aim)
        meaning = barcode.to_json()
        told |= {name: meaning[name] for name in ("symbology", "gtin", "application_identifiers") if meaning[name]}
    return told


def _report_of(data: bytes, aim: bytes = b"]E0", *, is_more: bool = False, offset: int = 0) -> bytes:
    body = bytes(offset) + aim + data
    return bytes((2, len(data))) + body.ljust(59, b"\x00") + bytes((0x64, 0, is_more))


EXAMPLES = (
    _report_of(b"4006381333931"),
    _report_of(b"4006381333931", offset=1),
    _report_of(b"https://id.gs1.org/01/09506000134352/10/ABC1/21/12345?17", b"]Q1", is_more=True),
    _report_of(b"=201225&99=LONG", b"]Q1"),
)

PROTOCOLS = {
    "scanner/hid-pos-8c": Decodable(
        # Records of one length without a mark: only the end of a transfer puts them back in step.
        device_to_host=Side(HidPosCodec, examples=EXAMPLES, is_self_synchronising=False),
        describe=describe,
    ),
}
