"""Radwag: ``SI`` CR LF asks for the weight now, ``S`` for a stable one, which is announced by ``S A`` first.

::

    SI  ?     12.345 kg   command of three characters, marker (blank stable, ? in motion, ^ over, v under), sign,
                          nine digits, unit of three characters; manuals differ on the blanks between
    Z A   Z D   Z I   S ^   S v   Z E   ES
                          begun, done, not now, over, under, no stability in time, unknown command

Source: Radwag PS series, technical data p. 82; WTC series manual p. 48; MA X2 manual p. 107.
"""

from __future__ import annotations

import re
from decimal import Decimal

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import LineRead, describe, no_weight, overload, underload, weight_read
from protocols.scales.lines import LineCodec, LineOptions, decimal_text, is_width, tare_text, unit_text
from protocols.scales.polled import (
    CommandAnswered,
    IdentityRead,
    PolledScaleProtocol,
    ScaleCommand,
    StreamingScaleProtocol,
)

FRAME_CHARS = 16
TARE_CHARS = 9
UNIT_CHARS = 3

_FRAME = re.compile(
    r"(?P<frame>(?P<command>SUI|SU|SI|S|C1|CU1|OT|UT) {1,3}(?P<marker>[?^v]?) {0,10}(?P<sign>[+-]?) {0,10}"
    r"(?P<mass>\d{1,9}(?:\.\d{0,8})?|-{0,9}) {0,9}?) (?P<unit>[^\s\d]{1,3} {0,3})"
)
_ANSWER = re.compile(r"(?P<command>[A-Z]{1,3}\d?) (?P<state>[ADIE^v]|OK)")
_NAMED = re.compile(r'(?P<command>NB|BN|RV) (?:A )?"(?P<value>[^"]*)"')

REASONS = {"I": "not_executable", "E": "timeout", "^": "upper_limit", "v": "lower_limit"}
COMMANDS = {
    "S": "weight_stable",
    "SI": "weight_now",
    "SU": "weight_stable_current_unit",
    "SUI": "weight_now_current_unit",
    "C1": "continuous_on",
    "C0": "continuous_off",
    "CU1": "continuous_on_current_unit",
    "CU0": "continuous_off_current_unit",
    "Z": "zero",
    "T": "tare",
    "OT": "read_tare",
    "UT": "set_tare",
    "K1": "lock_keys",
    "K0": "unlock_keys",
    "NB": "read_serial",
    "BN": "read_model",
    "RV": "read_software",
    "PC": "list_commands",
}
_WITH_VALUE = ((re.compile(r"UT (?P<tare>\d+(?:\.\d*)?)"), "set_tare"),)


class RadwagOptions(LineOptions):
    """Settings of a profile for this protocol."""

    frame_chars: int | None = Field(
        FRAME_CHARS,
        ge=12,
        le=20,
        description="Characters in front of the blank before the unit (MA X2: 15); null: any.",
    )


AS_SENT = RadwagOptions(frame_chars=None)


class RadwagCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: RadwagOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._frame_chars = options.frame_chars

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"SI\r\n"
            case ScaleCommand.ZERO:
                return b"Z\r\n"
            case ScaleCommand.TARE if weight is None:
                return b"T\r\n"
            case ScaleCommand.TARE if weight is not None:
                return f"UT {tare_text(weight, TARE_CHARS)}\r\n".encode()
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        bare = text.strip()
        if bare == "ES":
            return CommandAnswered(None, is_done=False, reason="syntax", told={"error": "syntax"})
        if (match := _ANSWER.fullmatch(bare)) is not None:
            return _answer(match["command"], match["state"])
        if (match := _NAMED.fullmatch(bare)) is not None:
            return _identity(match["command"], match["value"])
        match = _FRAME.fullmatch(text)
        return None if match is None else self._weight(match)

    def _weight(self, match: re.Match[str]) -> CodecEvent | None:
        command, unit = match["command"], unit_text(match["unit"])
        if match["marker"] == "^":
            return overload(unit, command=command)
        if match["marker"] == "v":
            return underload(unit, command=command)
        if not match["mass"].strip("-") or not is_width(match["frame"], self._frame_chars):
            return None
        if self._frame_chars is not None and len(match["unit"]) != UNIT_CHARS:
            return None
        weight = decimal_text(match["sign"], match["mass"])
        if command in ("OT", "UT"):
            return CommandAnswered(command, is_done=True, told={"tare": weight, "unit": unit})
        return weight_read(
            weight,
            unit,
            is_stable=match["marker"] == "",
            is_width_known=self._frame_chars is not None,
            told={"command": command},
        )


def _answer(command: str, state: str) -> LineRead | CommandAnswered:
    is_weight = command in ("S", "SI", "SU", "SUI")
    if is_weight and state == "^":
        return overload(command=command)
    if is_weight and state == "v":
        return underload(command=command)
    if is_weight and state in REASONS:
        return no_weight(command=command, error=REASONS[state])
    if state in REASONS:
        return CommandAnswered(command, is_done=False, reason=REASONS[state], told={"error": REASONS[state]})
    told = {"accepted": True} if state == "A" else {"done": True}
    return CommandAnswered(command, is_done=None if state == "A" else True, told=told)


def _identity(command: str, value: str) -> IdentityRead:
    told = {"command": command}
    match command:
        case "NB":
            return IdentityRead(serial=value, told=told)
        case "BN":
            return IdentityRead(model=value, told=told)
    return IdentityRead(firmware=value, told=told)


SCALE = PolledScaleProtocol(RadwagOptions, RadwagCodec, (b"NB\r\n",))
STREAM = StreamingScaleProtocol(RadwagOptions, RadwagCodec, (b"C1\r\n",), (b"NB\r\n",))
PROTOCOLS = {
    "scale/radwag": Decodable(
        device_to_host=Side(
            RadwagCodec,
            examples=(
                b"SU   -  172.135 N  \r\n",
                b"SI  ?     12.345 kg \r\n",
                b"S ^\r\n",
                b"S A\r\n",
                b"Z D\r\n",
                b'NB A "123456"\r\n',
                b"ES\r\n",
            ),
        ),
        host_to_device=Side(lambda: LineCommandCodec(COMMANDS, _WITH_VALUE), examples=(b"SI\r\n", b"UT 0.120\r\n")),
        describe=describe,
    )
}
