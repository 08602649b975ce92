"""Kern DE: single letters without an end ask, ``M-       0.000 kg`` CR LF answers.

``w`` answers at once, stable or not, and does not say which: a driver believes the second equal answer; ``s`` answers
when the weight is stable. ``M`` may stand in front, then a sign. Source: Kern DE manual, remote control commands;
ellery-it/odoo-serial-scale-drivers, 25.07/SSD-KernDE.py (line in its comment).
"""

from __future__ import annotations

import re
from decimal import Decimal

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LetterCommandCodec
from protocols.scales.line_events import describe, no_weight, weight_read
from protocols.scales.lines import LineCodec, LineOptions, decimal_text, is_width, unit_text
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand

FIELD_CHARS = 14
"""Marker, sign and number of a whole line."""

_LINE = re.compile(
    r"(?P<field>(?P<marker>[M ]?)(?P<sign>[+ -]?) *(?P<digits>\d+(?:\.\d*)?)) (?P<unit>[A-Za-z%]{1,3}) *"
)
_ERROR = re.compile(r" *(?P<error>E(?:rror|rr)? ?\w*) *")

COMMANDS = {"w": "weight", "s": "weight_stable", "t": "tare"}


class KernDeOptions(LineOptions):
    """Settings of a profile for this protocol."""

    field_chars: int | None = Field(
        FIELD_CHARS, ge=6, le=18, description="Width of marker, sign and number together; null: any."
    )


AS_SENT = KernDeOptions(field_chars=None)


class KernDeCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: KernDeOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._field_chars = options.field_chars

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"w"
            case ScaleCommand.TARE if weight is None:
                return b"t"
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if (match := _LINE.fullmatch(text)) is None:
            error = _ERROR.fullmatch(text)
            return no_weight(error=error["error"].strip()) if error else None
        if not is_width(match["field"], self._field_chars):
            return None
        told = {name: match[name] for name in ("marker", "sign") if match[name].strip()}
        weight = decimal_text(match["sign"], match["digits"])
        return weight_read(weight, unit_text(match["unit"]), is_stable=None, told=told)


SCALE = PolledScaleProtocol(KernDeOptions, KernDeCodec)
PROTOCOLS = {
    "scale/kern-de": Decodable(
        device_to_host=Side(KernDeCodec, examples=(b"M-       0.000 kg\r\n", b"         1.234 kg\r\n")),
        host_to_device=Side(lambda: LetterCommandCodec(COMMANDS), examples=(b"w", b"st")),
        describe=describe,
    )
}
