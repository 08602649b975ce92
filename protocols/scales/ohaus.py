"""OHAUS: ``IP`` CR LF asks for the weight now.

::

    "        0.00 g     "            format 1: number in 12 columns, unit in 5, ? where it is in motion or a blank
    "        0.85 oz     WET WT"     a blank and a legend behind it
    "        311 g ?"                format 2: unit as long as it is, a blank, ? or a blank
    "           3 PCS  ?"            pieces
    ES                               error: the command is unknown or cannot be done

The column of motion is always there: a line without it has lost it, and may have lost a ``?``.

Source: OHAUS RS232 interface manual (EN-3), p. 3 to 5; Explorer manual, p. 153.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import describe, no_weight, weight_read
from protocols.scales.lines import NUMBER, LineCodec, LineOptions, decimal_text, is_width, unit_text
from protocols.scales.polled import CommandAnswered, PolledScaleProtocol, ScaleCommand, StreamingScaleProtocol

UNIT_CHARS = 5
AMBIGUOUS_UNIT_CHARS = 3
"""Format 1 of such a unit, its mark of motion lost, is format 2 of a weight that is still."""
_LINE = re.compile(
    rf"(?P<field> *{NUMBER}) (?P<unit>[A-Za-z%:]{{1,{UNIT_CHARS}}})(?P<pad> *?)(?P<motion>[? ])"
    r"(?: (?P<legend>[A-Za-z][A-Za-z0-9 .#%/-]*))?"
)
_ERROR = re.compile(r"(?P<error>ES|E\d{1,3}|Err(?:or)? ?[\d.]+)")
_NET = {"NET": True, "NT": True, "N": True, "G": False, "GROSS": False, "B": False}

COMMANDS = {
    "IP": "print_now",
    "P": "print",
    "SP": "print_stable",
    "CP": "print_continuous",
    "0P": "print_auto_off",
    "Z": "zero",
    "T": "tare",
    "0S": "print_any",
    "1S": "print_stable_only",
    "PSI": "print_interface_settings",
    "PV": "read_software",
    "PSN": "read_serial",
    "PU": "read_unit",
    "PM": "read_mode",
}
_WITH_VALUE = (
    (re.compile(r"(?P<interval_s>[1-9]\d{0,3})P"), "print_interval"),
    (re.compile(r"(?P<tare>\d+\.\d*)T"), "set_tare"),
)


class OhausOptions(LineOptions):
    """Settings of a profile for this protocol."""

    weight_chars: int | None = Field(12, ge=6, le=14, description="Width of the number (11 or 12 by model); null: any.")


AS_SENT = OhausOptions(weight_chars=None)


class OhausCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: OhausOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._weight_chars = options.weight_chars

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"IP\r\n"
            case ScaleCommand.ZERO:
                return b"Z\r\n"
            case ScaleCommand.TARE if weight is None:
                return b"T\r\n"
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if (match := _ERROR.fullmatch(text.strip())) is not None:
            return CommandAnswered(None, is_done=False, reason=match["error"], told={"error": match["error"]})
        match = _LINE.fullmatch(text)
        if match is None or not is_width(match["field"], self._weight_chars):
            return None
        told: dict[str, Any] = {}
        unit_chars, field_chars = len(match["unit"]), len(match["unit"]) + len(match["pad"])
        if field_chars not in (UNIT_CHARS, unit_chars + 1):
            return None
        is_short = field_chars < UNIT_CHARS
        if is_short and not match["legend"]:
            told["format"] = 2
        is_stable, legend = match["motion"] == " ", (match["legend"] or "").strip()
        if legend:
            told["legend"] = legend
        if match["unit"].upper() == "PCS":
            value = decimal_text(match["sign"], match["digits"])
            return no_weight(is_stable=is_stable, count=int(value) if "." not in value else value, unit="PCS", **told)
        weight = decimal_text(match["sign"], match["digits"])
        is_net = _NET.get(legend.upper())
        is_whole = self._weight_chars is not None and not (is_short and unit_chars == AMBIGUOUS_UNIT_CHARS)
        return weight_read(
            weight, unit_text(match["unit"]), is_stable=is_stable, is_net=is_net, is_width_known=is_whole, told=told
        )


SCALE = PolledScaleProtocol(OhausOptions, OhausCodec)
STREAM = StreamingScaleProtocol(OhausOptions, OhausCodec, (b"CP\r\n",))
PROTOCOLS = {
    "scale/ohaus": Decodable(
        device_to_host=Side(
            OhausCodec,
            examples=(
                b"        0.00 g     \r\n",
                b"       12.73 g    ?\r\n",
                b"        0.85 oz     WET WT\r\n",
                b"       0.211 kg ?\r\n",
                b"           3 PCS  ?\r\n",
                b"ES\r\n",
            ),
        ),
        host_to_device=Side(lambda: LineCommandCodec(COMMANDS, _WITH_VALUE), examples=(b"IP\r\n", b"30P\r\n")),
        describe=describe,
    )
}
