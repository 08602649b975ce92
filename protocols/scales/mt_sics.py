"""MT-SICS (Mettler Toledo Standard Interface Command Set), levels 0 and 1.

::

    S S     100.00 g     stable weight, ten characters      S D     129.07 g   weight in motion
    S I  S +  S -        cannot now, overload, underload    ES  ET  EL         syntax, transmission, logical error
    Z A   ZI D  ZI S     zero is set (I + - as above)       T S   100.00 g     tared;  TA A  100.00 g  tare value
    I4 A "1234567"       serial number; unasked after power-up or reset (``@``)
    I0 B 0 "I0"          one of a list; the last has A

The weight is net if a tare is set; nothing in the answer says so. Source: Mettler Toledo, MT-SICS reference manual
11780711; Atlantis-Software/mt-sics, test/sics0Test.js.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import LineRead, describe, no_weight, overload, underload, weight_read
from protocols.scales.lines import NUMBER, LineCodec, LineOptions, decimal_text, is_width, tare_text, unit_text
from protocols.scales.polled import (
    CommandAnswered,
    IdentityRead,
    PolledScaleProtocol,
    ScaleCommand,
    StreamingScaleProtocol,
)

WEIGHT_CHARS = 10

_WEIGHT = re.compile(rf"S (?P<state>[SD]) (?P<field> *{NUMBER}) (?P<unit>\S{{1,5}}) *")
_TARE = re.compile(rf"(?P<command>TA|TI|T) (?P<state>[ASD]) (?P<field> *{NUMBER}) (?P<unit>\S{{1,5}}) *")
_LIST = re.compile(r'I0 (?P<state>[AB]) (?P<level>\d+) "(?P<command>[^"]*)"')
_QUOTED = re.compile(r'(?P<command>I\d{1,2}) A(?P<values>(?: "[^"]*")+)')
_ANSWER = re.compile(r"(?P<command>[A-Z@][A-Z0-9]{0,3}) (?P<state>[ABDILS+-])")

GENERAL_ERRORS = {"ES": "syntax", "ET": "transmission", "EL": "logical"}
REASONS = {"I": "not_executable", "L": "wrong_parameter", "+": "upper_limit", "-": "lower_limit"}
"""Why a command was not done. Of ``S`` the limits are those of the load cell."""
ZEROED = {"A": "done", "D": "dynamic", "S": "stable"}

COMMANDS = {
    "S": "weight_stable",
    "SI": "weight_now",
    "SIR": "weight_repeat",
    "SR": "weight_on_change",
    "SNR": "weight_next_stable",
    "SU": "weight_stable_display_unit",
    "SIU": "weight_now_display_unit",
    "Z": "zero",
    "ZI": "zero_now",
    "T": "tare",
    "TI": "tare_now",
    "TA": "read_tare",
    "TAC": "clear_tare",
    "I0": "list_commands",
    "I1": "read_level",
    "I2": "read_model",
    "I3": "read_software",
    "I4": "read_serial",
    "I5": "read_software_id",
    "@": "reset",
}
_WITH_VALUE = (
    (re.compile(r"SR (?P<threshold>\d+(?:\.\d*)?) (?P<unit>\S{1,5})"), "weight_on_change"),
    (re.compile(r"TA (?P<tare>\d+(?:\.\d*)?) (?P<unit>\S{1,5})"), "set_tare"),
)


class MtSicsOptions(LineOptions):
    """Settings of a profile for this protocol."""

    weight_chars: int | None = Field(
        WEIGHT_CHARS, ge=6, le=14, description="Width of the number in a weight line; null: any."
    )


AS_SENT = MtSicsOptions(weight_chars=None)


class MtSicsCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: MtSicsOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._weight_chars = options.weight_chars

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"SI\r\n"
            case ScaleCommand.ZERO:
                return b"Z\r\n"
            case ScaleCommand.TARE if weight is None:
                return b"T\r\n"
            case ScaleCommand.TARE if weight is not None:
                return f"TA {tare_text(weight, WEIGHT_CHARS)} {self.unit}\r\n".encode()
            case ScaleCommand.CLEAR_TARE:
                return b"TAC\r\n"
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if (match := _WEIGHT.fullmatch(text)) is not None:
            return self._weight(match)
        if (reason := GENERAL_ERRORS.get(text.strip())) is not None:
            return CommandAnswered(None, is_done=False, reason=reason, told={"error": reason})
        if (match := _TARE.fullmatch(text)) is not None:
            tare, unit = decimal_text(match["sign"], match["digits"]), unit_text(match["unit"])
            told = {"tare": tare, "unit": unit, "stable": match["state"] != "D"}
            return CommandAnswered(match["command"], is_done=True, told=told)
        if (match := _LIST.fullmatch(text)) is not None:
            told = {"level": int(match["level"]), "more": match["state"] == "B"}
            return CommandAnswered(match["command"], is_done=True, told=told)
        if (match := _QUOTED.fullmatch(text)) is not None:
            return _information(match["command"], re.findall(r'"([^"]*)"', match["values"]))
        if (match := _ANSWER.fullmatch(text.strip())) is not None:
            return _answer(match["command"], match["state"])
        return None

    def _weight(self, match: re.Match[str]) -> LineRead | None:
        if not is_width(match["field"], self._weight_chars):
            return None
        weight = decimal_text(match["sign"], match["digits"])
        return weight_read(
            weight,
            unit_text(match["unit"]),
            is_stable=match["state"] == "S",
            is_width_known=self._weight_chars is not None,
        )


def _answer(command: str, state: str) -> CodecEvent:
    if command == "S":
        match state:
            case "+":
                return overload(error="overload")
            case "-":
                return underload(error="underload")
            case "I" | "L":
                return no_weight(error=REASONS[state])
    if state in REASONS:
        return CommandAnswered(command, is_done=False, reason=REASONS[state], told={"error": REASONS[state]})
    told: dict[str, Any] = {}
    if command in ("Z", "ZI"):
        told["zero"] = ZEROED.get(state, "begun")
        if state in "DS":
            told["stable"] = state == "S"
    elif command == "TAC":
        told["tare"] = "cleared"
    return CommandAnswered(command, is_done=None if state == "B" else True, told=told)


def _information(command: str, values: list[str]) -> CodecEvent:
    told: Mapping[str, Any] = {"command": command, "value": values[0]}
    match command:
        case "I1":
            return CommandAnswered(command, is_done=True, told={"levels": values[0], "versions": values[1:]})
        case "I2" | "I11":
            return IdentityRead(model=values[0], told=told)
        case "I3":
            return IdentityRead(firmware=values[0], told={**told, "software": values[0], "software_version": values[0]})
        case "I4":
            return IdentityRead(serial=values[0], told={**told, "serial_number": values[0]})
        case "I5":
            return CommandAnswered(command, is_done=True, told={**told, "software_id": values[0]})
    return CommandAnswered(command, is_done=True, told=told)


_IDENTITY = (b"I2\r\n", b"I3\r\n", b"I4\r\n")
SCALE = PolledScaleProtocol(MtSicsOptions, MtSicsCodec, _IDENTITY)
STREAM = StreamingScaleProtocol(MtSicsOptions, MtSicsCodec, (b"SIR\r\n",), _IDENTITY)
PROTOCOLS = {
    "scale/mt-sics": Decodable(
        device_to_host=Side(
            MtSicsCodec,
            examples=(
                b"S S     100.00 g\r\n",
                b"S D     129.07 g\r\n",
                b"S +\r\n",
                b"Z A\r\n",
                b"ZI D\r\n",
                b"T S      10.00 g\r\n",
                b'I4 A "1234567"\r\n',
                b'I0 B 0 "I0"\r\n',
                b"ES\r\n",
            ),
        ),
        host_to_device=Side(
            lambda: LineCommandCodec(COMMANDS, _WITH_VALUE), examples=(b"SI\r\n", b"TA 0.010 kg\r\n", b"@\r\n")
        ),
        describe=describe,
    )
}
