"""A&D: ``Q`` CR LF asks for the weight now, ``S`` for a stable one, ``SIR`` for all.

::

    ST,+0001.234 kg       header, sign and eight digits with their point, unit of three characters
    ST,+0001.278, ct      CSV: the unit in a field of its own; id, number, date and time may stand in front
    ST,OK,+0001.234 kg    with the comparator
    US in motion, QT pieces, UW weight of one piece, OL overload (-: underload), EC,E11 error, ACK done
    TN,GX-400  SN,1234567     answers to ?TN and ?SN: model and serial number
    HD held, WT total     numbers, and not what lies on the plate now: told to tools, never shown as a weight

Source: A&D, GC series manual p. 51 and 57; AD-4212D-33 p. 29; AD-4212C p. 22; AD-4329A.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import describe, no_weight, overload, underload, weight_read
from protocols.scales.lines import NUMBER, LineCodec, LineOptions, decimal_text, is_width, unit_text
from protocols.scales.polled import (
    CommandAnswered,
    IdentityRead,
    PolledScaleProtocol,
    ScaleCommand,
    StreamingScaleProtocol,
)

FIELD_CHARS = 9
"""Sign, and eight digits with their point."""
UNIT_CHARS = 3

_LINE = re.compile(
    r"(?:(?P<before>[^,]{0,20}(?:,[^,]{0,20}){0,4}), ?)?(?P<header>ST|US|QT|UW|WT|OL|HD),"
    r"(?:(?P<comparator>OK|HI|LO|HH|LL),)?"
    rf"(?P<field>{NUMBER})(?P<exponent>E[+-]?\d+)?(?P<separator>,?)(?P<unit> *[A-Za-z%]{{0,3}}) *"
)
_NAMED = re.compile(r"(?P<name>TN|SN|ID),(?P<value>[\x21-\x7e](?:[\x20-\x7e]{0,30}[\x21-\x7e])?)")
_ERROR = re.compile(r"EC,(?P<error>E\d{1,3})")
ACK = "\x06"

COMMANDS = {
    "Q": "weight_now",
    "S": "weight_stable",
    "SI": "weight_now",
    "SIR": "weight_repeat",
    "C": "cancel",
    "Z": "zero",
    "R": "zero_or_tare",
    "T": "tare",
    "CT": "clear_tare",
    "U": "next_unit",
    "P": "power_toggle",
    "ON": "power_on",
    "OFF": "power_off",
    "PRT": "print",
    "CAL": "calibrate",
    "SMP": "resolution",
    "?TN": "read_model",
    "?SN": "read_serial",
    "?ID": "read_id",
    "?PT": "read_tare",
}
_WITH_VALUE = ((re.compile(r"PT:(?P<tare>[+-]?\d+(?:\.\d*)?) *(?P<unit>[A-Za-z]{1,3})"), "set_tare"),)


class AndOptions(LineOptions):
    """Settings of a profile for this protocol."""

    field_chars: int | None = Field(FIELD_CHARS, ge=6, le=12, description="Width of sign and number; null: any.")
    tare_command: str = Field("T", pattern="^(T|R)$", description="R: models whose R key takes the tare.")
    zero_command: str = Field("Z", pattern="^(Z|R)$", description="R: models whose only zero is R.")


AS_SENT = AndOptions(field_chars=None)


class AndCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: AndOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._options = options

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"Q\r\n"
            case ScaleCommand.ZERO:
                return f"{self._options.zero_command}\r\n".encode()
            case ScaleCommand.TARE if weight is None:
                return f"{self._options.tare_command}\r\n".encode()
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if text.startswith(ACK):
            rest = text.strip(ACK)
            return self.understand(rest, line) if rest.strip() else CommandAnswered(None, is_done=None)
        if (match := _ERROR.fullmatch(text.strip())) is not None:
            reason = match["error"]
            return CommandAnswered(None, is_done=False, reason=reason, told={"error": reason})
        if (match := _NAMED.fullmatch(text.strip())) is not None:
            return _identity(match["name"], match["value"])
        if (match := _LINE.fullmatch(text)) is not None:
            return self._value(match)
        return None

    def _value(self, match: re.Match[str]) -> CodecEvent | None:
        header, unit = match["header"], unit_text(match["unit"]) or None
        if header == "OL" or match["exponent"]:
            return (underload if match["sign"] == "-" else overload)()
        if unit is None or not is_width(match["field"], self._options.field_chars):
            return None
        if self._options.field_chars is not None and len(match["unit"]) != UNIT_CHARS:
            return None
        value = decimal_text(match["sign"], match["digits"])
        told: dict[str, Any] = {"format": "CSV"} if match["separator"] else {}
        if match["comparator"]:
            told["comparator"] = match["comparator"]
        if match["before"] is not None:
            told["prefix"] = match["before"].split(",")
        match header:
            case "QT":
                count = int(value) if "." not in value else value
                return no_weight(is_stable=True, count=count, unit=unit, **told)
            case "UW":
                return no_weight(unit_weight=value, unit=unit, **told)
        is_width_known = self._options.field_chars is not None
        if header in ("HD", "WT"):
            held = weight_read(value, unit, is_stable=None, told={**told, "hold": header == "HD", "header": header})
            return replace(held, status=ScaleStatus.NOT_READY)
        return weight_read(value, unit, is_stable=header != "US", is_width_known=is_width_known, told=told)


def _identity(name: str, value: str) -> CodecEvent:
    told = {"command": f"?{name}", "value": value}
    match name:
        case "TN":
            return IdentityRead(model=value, told=told)
        case "SN":
            return IdentityRead(serial=value, told=told)
    return CommandAnswered(f"?{name}", is_done=True, told={"id": value})


_IDENTITY = (b"?TN\r\n", b"?SN\r\n")
SCALE = PolledScaleProtocol(AndOptions, AndCodec, _IDENTITY)
STREAM = StreamingScaleProtocol(AndOptions, AndCodec, (b"SIR\r\n",), _IDENTITY)
PROTOCOLS = {
    "scale/and": Decodable(
        device_to_host=Side(
            AndCodec,
            examples=(
                b"ST,+0001.234 kg\r\n",
                b"US,-0000.120  g\r\n",
                b"ST,+0001.278, ct\r\n",
                b"ST,OK,+0001.234 kg\r\n",
                b"QT,+00001234 PC\r\n",
                b"UW,+0001.234  g\r\n",
                b"OL,+9999999E+19\r\n",
                b"EC,E11\r\n",
            ),
        ),
        host_to_device=Side(lambda: LineCommandCodec(COMMANDS, _WITH_VALUE), examples=(b"Q\r\n", b"SIR\r\n")),
        describe=describe,
    )
}
