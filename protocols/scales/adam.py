"""Adam Equipment: AZextra (``P`` CR LF asks, and beeps) and CPWplus (``G`` ``N`` ``Z`` ``T``).

The line is a number with its unit, ``  1.234kg``; labels and headers (``ST,GS,``, ``G``, ``Net``) may stand in front,
and other lines of the printed label around it. An AZextra answers only where a new weight that is not zero lies
on it, and says each weight once. Where no header says that the weight is stable, a driver believes the second
equal answer, unless the profile knows that only stable weights are sent (``sends_only_stable``). Source: Odoo,
SerialScaleDriver (AdamEquipmentProtocol); Adam CPWplus manual, RS-232 commands.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import describe, overload, underload, weight_read
from protocols.scales.lines import NUMBER, LineCodec, LineOptions, decimal_text, is_width, unit_text
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand, StreamingScaleProtocol

_LINE = re.compile(
    r"(?:(?P<state>ST|US|OL|UL),)?(?:(?P<mode>GS|NT|G|N|G/W|N/W|Gross|Net|GROSS|NET)[,: ]?)?"
    rf"(?:(?P<field> *{NUMBER})|[ .+-]*),? ?(?P<unit>kg|KG|Kg|g|lb|LB|oz|OZ) *"
)
_NET = {**dict.fromkeys(("GS", "G", "G/W", "GROSS"), False), **dict.fromkeys(("NT", "N", "N/W", "NET"), True)}

COMMANDS = {"P": "print_weight", "G": "gross", "N": "net", "Z": "zero", "T": "tare"}


class AdamOptions(LineOptions):
    """Settings of a profile for this protocol."""

    question: str = Field("P", pattern="^[PGN]$", description="P: AZextra; G or N: CPWplus, gross or net.")
    sends_only_stable: bool = Field(
        False,
        description="The model sends a weight without a header only when it is stable; one answer is believed, so "
        "weight_chars must be known.",
    )
    weight_chars: int | None = Field(
        None, ge=4, le=12, description="Width of the number with the blanks before it; null: any."
    )

    @model_validator(mode="after")
    def _check_width(self) -> Self:
        if self.sends_only_stable and self.weight_chars is None:
            raise ValueError("sends_only_stable: weight_chars must say how wide the number is; see the raw bytes")
        return self


class AdamCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: AdamOptions | None = None) -> None:
        self._options = options or AdamOptions(sends_only_stable=False)
        super().__init__(self._options.unit)

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return f"{self._options.question}\r\n".encode()
            case ScaleCommand.ZERO:
                return b"Z\r\n"
            case ScaleCommand.TARE if weight is None:
                return b"T\r\n"
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if (match := _LINE.fullmatch(text)) is None:
            return None
        unit = unit_text(match["unit"])
        is_net = _NET[match["mode"].upper()] if match["mode"] else None
        if match["state"] in ("OL", "UL"):
            return (overload if match["state"] == "OL" else underload)(unit, is_net=is_net)
        if match["field"] is None or not is_width(match["field"], self._options.weight_chars):
            return None
        is_stable = {"ST": True, "US": False, None: True if self._options.sends_only_stable else None}[match["state"]]
        weight = decimal_text(match["sign"], match["digits"])
        is_width_known = self._options.weight_chars is not None
        return weight_read(weight, unit, is_stable=is_stable, is_net=is_net, is_width_known=is_width_known)


SCALE = PolledScaleProtocol(AdamOptions, AdamCodec)
STREAM = StreamingScaleProtocol(AdamOptions, AdamCodec)
PROTOCOLS = {
    "scale/adam": Decodable(
        device_to_host=Side(
            AdamCodec,
            examples=(b"  1.234kg\r\n", b"ST,GS,+  1.234 kg\r\n", b"N    0.120 kg\r\n", b"OL,GS,        kg\r\n"),
        ),
        host_to_device=Side(lambda: LineCommandCodec(COMMANDS), examples=(b"P\r\n", b"Z\r\n")),
        describe=describe,
    )
}
