"""The status of an ePOS-Print printer: ``status`` of its XML reply, here as four bytes, the low one first.

Source: Epson, "ePOS-Print XML User's Manual" (TM-T88V-DT, TM-i), table of the status: bits that are no printer's ASB
say what became of the print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json

STATUS_BYTES: Final = 4

_BITS: Final = {
    "no_response": 0x1,
    "print_success": 0x2,
    "drawer_kick": 0x4,
    "offline": 0x8,
    "cover_open": 0x20,
    "paper_feed": 0x40,
    "wait_on_line": 0x100,
    "panel_switch": 0x200,
    "mechanical_err": 0x400,
    "autocutter_err": 0x800,
    "unrecover_err": 0x2000,
    "autorecover_err": 0x4000,
    "receipt_near_end": 0x20000,
    "receipt_end": 0x80000,
    "buzzer": 0x1000000,
    "spooler_is_stopped": 0x80000000,
}
"""As the manual names them, without ``ASB_``."""

_CODES: Final = (
    ("no_response", "EX_BADPORT"),
    ("cover_open", "EPTR_COVER_OPEN"),
    ("receipt_end", "EPTR_REC_EMPTY"),
    ("autocutter_err", "EPTR_CUTTER"),
    ("mechanical_err", "EPTR_MECHANICAL"),
    ("unrecover_err", "EPTR_UNRECOVERABLE"),
    ("autorecover_err", "EPTR_AUTOMATICAL"),
    ("spooler_is_stopped", "EX_SPOOLER"),
)
"""The code beside a status with this bit, the cause before what follows from it."""


@dataclass(frozen=True, slots=True)
class EposStatus(CodecEvent):
    """What the bits mean. None where the printer gave no answer."""

    xml_status_decimal: int
    no_response: bool
    print_success: bool
    online: bool | None = None
    cover_open: bool | None = None
    drawer_pin3_high: bool | None = None
    feed_button: bool | None = None
    paper_low: bool | None = None
    paper_loaded: bool | None = None
    mechanical_error: bool | None = None
    cutter_error: bool | None = None
    unrecoverable_error: bool | None = None
    auto_recoverable_error: bool | None = None


class EposStatusCodec:
    """Implements Codec for device to host: one status after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events = []
        for byte in data:
            self._buffer.append(byte)
            if len(self._buffer) == STATUS_BYTES:
                events.append(_status(int.from_bytes(self._buffer, "little")))
                self._buffer.clear()
        return events

    def flush(self) -> Sequence[CodecEvent]:
        if not self._buffer:
            return []
        rejected = FrameRejected.of("status cut short", bytes(self._buffer))
        self._buffer.clear()
        return [rejected]


def _status(value: int) -> EposStatus:
    said = {name: bool(value & bit) for name, bit in _BITS.items()}
    if said["no_response"]:
        return EposStatus(value, no_response=True, print_success=False)
    return EposStatus(
        value,
        no_response=False,
        print_success=said["print_success"],
        online=not said["offline"],
        cover_open=said["cover_open"],
        drawer_pin3_high=said["drawer_kick"],
        feed_button=said["paper_feed"],
        paper_low=said["receipt_near_end"],
        paper_loaded=not said["receipt_end"],
        mechanical_error=said["mechanical_err"],
        cutter_error=said["autocutter_err"],
        unrecoverable_error=said["unrecover_err"],
        auto_recoverable_error=said["autorecover_err"],
    )


def describe(event: CodecEvent) -> JsonEvent:
    """With each bit that is set, as ``no_response_0x1``, and the likeliest ``code`` of the reply that holds it."""
    told = event_json(event)
    if isinstance(event, EposStatus):
        value = event.xml_status_decimal
        told |= {f"{name}_0x{bit:x}": True for name, bit in _BITS.items() if value & bit}
        told |= {"hex": f"0x{value:08X}", "near_end": event.paper_low, "paper_near_end": event.paper_low}
        told |= {"code": _code(value), "success": event.print_success}
    return told


def _code(value: int) -> str:
    """The attribute says it for certain; the number says only what is the matter with the printer."""
    return next((code for name, code in _CODES if value & _BITS[name]), "")


PROTOCOLS = {
    "escpos.epos_xml": Decodable(
        device_to_host=Side(
            EposStatusCodec,
            examples=(bytes.fromhex("01000000"), bytes.fromhex("1600000f"), bytes.fromhex("1600030f")),
            is_self_synchronising=False,
        ),
        describe=describe,
    )
}
