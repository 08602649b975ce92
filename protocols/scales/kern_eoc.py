"""Kern EOC and KFB: single letters without an end ask, ``ST,GS   1.234kg`` CR LF answers; 0xFF may stand in front.

``W`` answers at once, ``S`` when the weight is stable; ``T`` and ``Z`` answer nothing. Source: Kern KFB-TM manual,
10.3 and 10.4; ellery-it/odoo-serial-scale-drivers, SSD-KernEOC.py.
"""

from __future__ import annotations

from decimal import Decimal

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LetterCommandCodec
from protocols.scales.line_events import describe
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand, StreamingScaleProtocol
from protocols.scales.st_gs_line import StGsLineCodec, StGsLineOptions

COMMANDS = {"W": "weight", "S": "weight_stable", "T": "tare", "Z": "zero", "P": "count"}
PADDING = "\x7f\x00"
"""0xFF (and 0x00) of a line driver that is switched on in front of an answer."""


class KernEocOptions(StGsLineOptions):
    """Settings of a profile for this protocol."""


AS_SENT = KernEocOptions(weight_chars=None)


class KernEocCodec(StGsLineCodec):
    """Scale to host."""

    def __init__(self, options: KernEocOptions = AS_SENT) -> None:
        super().__init__(options)

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"W"
            case ScaleCommand.ZERO:
                return b"Z"
            case ScaleCommand.TARE if weight is None:
                return b"T"
        return None

    def is_whole(self, line: bytes) -> bool:
        return super().is_whole(line.lstrip(b"\xff\x00"))

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        bare = text.lstrip(PADDING)
        return super().understand(bare, line[len(text) - len(bare) :])


SCALE = PolledScaleProtocol(KernEocOptions, KernEocCodec)
STREAM = StreamingScaleProtocol(KernEocOptions, KernEocCodec)
PROTOCOLS = {
    "scale/kern-eoc": Decodable(
        device_to_host=Side(KernEocCodec, examples=(b"ST,GS   1.234kg\r\n", b"\xffUS,GS   1.342kg\r\n", b"10PCS\r\n")),
        host_to_device=Side(lambda: LetterCommandCodec(COMMANDS), examples=(b"W", b"SZT")),
        describe=describe,
    )
}
