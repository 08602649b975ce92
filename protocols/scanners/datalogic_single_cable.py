"""Datalogic Magellan, scanner and scale on one cable: the scanner's half.

Each scan is a line of its own with a prefix, ``S08F4006381333931`` CR; lines that begin with ``S1`` are the scale's
(see ``protocols.scales.datalogic_single_cable``) and passed over. Behind the prefix stands the label identifier of the
symbology where the scanner is set to send it: A UPC-A, E UPC-E, F EAN-13, FF EAN-8. It is taken off only where the
check digit of what follows agrees, because data may begin with the same letter.

Sources: Datalogic KA-01089; Magellan 8500 and 9800 manuals (prefix and label identifiers are settings of the unit).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from edge_gateway.contracts.check_digits import has_valid_check_digit
from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.barcodes.aim import split_aim
from protocols.decoding import Decodable, Side
from protocols.scanners import decodables
from protocols.scanners.datalogic_host import PROTOCOLS as HOST
from protocols.scanners.reading import FRAME_BYTES_MAX
from protocols.scanners.rs232_plain import Rs232PlainCodec

SCAN_PREFIX, SCALE_PREFIX = b"S08", b"S1"
LABELS = ((b"FF", 8), (b"F", 13), (b"A", 12))
"""Label identifier, and the digits behind it."""


class SingleCableScannerCodec:
    """Scanner to host."""

    def __init__(
        self,
        scan_prefix: bytes = SCAN_PREFIX,
        scale_prefix: bytes = SCALE_PREFIX,
        frame_bytes_max: int = FRAME_BYTES_MAX,
        suffix: Literal["cr", "lf", "crlf"] = "cr",
    ) -> None:
        self._scan_prefix = scan_prefix
        self._scale_prefix = scale_prefix
        self._plain = Rs232PlainCodec(suffix, prefix="none", aim="none", frame_bytes_max=frame_bytes_max)

    @property
    def is_ended_by_idle(self) -> bool:
        return False

    @property
    def has_pending(self) -> bool:
        return self._plain.has_pending

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return self._own(self._plain.feed(data))

    def flush(self) -> Sequence[CodecEvent]:
        return self._own(self._plain.flush())

    def _own(self, events: Sequence[CodecEvent]) -> list[CodecEvent]:
        return [own for event in events if (own := self._without_scale(event)) is not None]

    def _without_scale(self, event: CodecEvent) -> CodecEvent | None:
        if not isinstance(event, BarcodeRead):
            is_scale = isinstance(event, FrameRejected) and event.data.startswith(self._scale_prefix)
            return None if is_scale else event
        if event.raw.startswith(self._scan_prefix):
            return _scan(event.raw.removeprefix(self._scan_prefix), event.raw)
        return None if event.raw.startswith(self._scale_prefix) else FrameRejected.of("no_prefix", event.raw)


def _scan(label: bytes, raw: bytes) -> CodecEvent:
    if not label:
        return FrameRejected.of("no_data", raw)
    aim, data = split_aim(label)
    if aim is not None:
        return BarcodeRead(label, data, aim)
    for code_id, digits in LABELS:
        rest = label.removeprefix(code_id)
        if rest != label and len(rest) == digits and rest.isdigit() and has_valid_check_digit(rest.decode()):
            return BarcodeRead(label, rest, None, code_id.decode())
    return BarcodeRead(label, label)


PROTOCOLS = {
    "scanner/datalogic-single-cable": Decodable(
        device_to_host=Side(
            SingleCableScannerCodec,
            examples=(b"S08F4006381333931\r", b"S08A012345678905\r", b"S08]C10104006381333931\r", b"S08ABC-123\r"),
        ),
        host_to_device=next(iter(HOST.values())).host_to_device,
        describe=decodables.describe,
    )
}
