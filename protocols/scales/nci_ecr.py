"""NCI (Weigh-Tronix, Avery Weigh-Tronix, Brecknell, Salter; also Adam MDW, Metrologic Stratos): SCP-01, -02 and -12.

::

    W CR  ->  LF  01.235KG CR LF S00 CR ETX      weight, unit of 2 to 5 characters, status of 1 to 4 characters
              CR  01.235kg LF CR S00 CR ETX      Avery Berkel 6702: CR and LF the other way round
              LF  01.235LB CR 00 ETX             SCP-12: no S, no second LF
    S CR  ->  LF S00 CR ETX                      status alone; some answer W with it while the plate moves
              LF ? CR ETX                        unknown command
    ENQ CR -> LF OPOS CR ETX                     Brecknell: which protocol

The weight may be of fills: ``^`` over, ``_`` under, ``-`` zero error. Pounds and ounces (`` 1lb 04.5oz``) are two
numbers and no decimal text: told, and not shown as a weight.

Status 1: 0 motion, 1 at zero, 2 RAM, 3 EEPROM error. Status 2: 0 under, 1 over, 2 ROM error, 3 calibration error.
Status 3: 0-1 range, 2 net, 3 initial zero error. Status 4: 0 weight changed, 1 zero seen, 2 metric. Bits 4-5 are set;
bit 6 means that another one follows.

Sources: Mettler Toledo DIVA service manual, p. 40-43; OHAUS Aviator service manual, p. 47; Avery Weigh-Tronix 7821,
p. 25; Brecknell 67XXU service manual, p. 68; Adam MDW manual, 8.5.3; chris-rudmin/serial-nci-scale.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import MASS_UNITS, TRADE_UNITS, LineRead, describe
from protocols.scales.lines import NUMBER, LineOptions, decimal_text, is_parity_whole, is_width, unit_text
from protocols.scales.polled import CommandAnswered, PolledScaleProtocol, ScaleCommand

ETX = 0x03
FRAME_BYTES_MAX = 48
"""The longest answer (pounds and ounces, four status characters) has 27."""

_WEIGHT = re.compile(rf"(?P<field> *{NUMBER}) *(?P<unit>[A-Za-z][A-Za-z ]{{0,4}})")
_POUNDS_OUNCES = re.compile(r" *(?P<pounds>\d+) *[Ll][Bb] *(?P<ounces>\d+(?:\.\d+)?) *[Oo][Zz] *")
_FILL = re.compile(r"(?P<fill>\^{3,}|_{3,}|-{3,})(?:\.[\^_-]+)? *(?P<unit>[A-Za-z ]{0,5})")
_RAW = re.compile(r" *(?P<raw>[+-]?\d{3,8}) *")
_STATUS = re.compile(r"S?(?P<codes>[\x30-\x7f]{1,4})")

MOTION, AT_ZERO = 0x01, 0x02
UNDER, OVER = 0x01, 0x02
FAULTS_1 = {0x04: "ram_error", 0x08: "eeprom_error"}
FAULTS_2 = {0x04: "rom_error", 0x08: "calibration_error"}
NET, INITIAL_ZERO_ERROR = 0x04, 0x08
MORE = 0x40
FILLS: Final = {"^": "overload", "_": "underload", "-": "zero_error"}

COMMANDS = {
    "W": "weight",
    "S": "status",
    "Z": "zero",
    "H": "high_resolution",
    "U": "next_unit",
    "M": "raw",
    "T": "tare",
    "X": "power_off",
    "\x05": "protocol_query",
}


class NciEcrOptions(LineOptions):
    """Settings of a profile for this protocol."""

    field_chars: int | None = Field(
        None,
        ge=4,
        le=10,
        description="Width of the number in front of the unit (models differ: 6 or 7); null: any, and a weight is "
        "believed when two answers in a row are equal.",
    )
    status_chars: int | None = Field(
        None,
        ge=1,
        le=4,
        description="Characters of the status that the model sends; null: any, and a weight is believed when two "
        "answers in a row are equal.",
    )
    is_motion_inverted: bool = Field(False, description="Brecknell DS-1000: the bit of motion is set when it is still.")
    has_tare: bool = Field(False, description="The model knows T.")
    has_high_resolution: bool = Field(False, description="The model knows H.")


AS_SENT = NciEcrOptions()


class NciEcrCodec:
    """Scale to host: bytes up to ETX are one answer."""

    def __init__(self, options: NciEcrOptions = AS_SENT) -> None:
        self._options = options
        self._buffer = bytearray()

    @property
    def unit(self) -> str:
        return self._options.unit

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"W\r"
            case ScaleCommand.ZERO:
                return b"Z\r"
            case ScaleCommand.TARE if weight is None and self._options.has_tare:
                return b"T\r"
            case ScaleCommand.READ_HIGH_RESOLUTION if self._options.has_high_resolution:
                return b"H\r"
        return None

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            if byte & 0x7F == ETX:
                self._buffer.append(byte)
                frame = bytes(self._buffer)
                self._buffer.clear()
                events.append(self._understand(frame))
            elif len(self._buffer) == FRAME_BYTES_MAX:
                events.extend(self._dropped(f"no ETX in {FRAME_BYTES_MAX} bytes"))
                self._buffer.append(byte)
            else:
                self._buffer.append(byte)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        return self._dropped("line went idle inside an answer")

    def _dropped(self, reason: str) -> list[CodecEvent]:
        data = bytes(self._buffer)
        self._buffer.clear()
        return [FrameRejected.of(reason, data)] if data else []

    def _understand(self, frame: bytes) -> CodecEvent:
        if not is_parity_whole(frame):
            return FrameRejected.of("parity", frame)
        text = bytes(byte & 0x7F for byte in frame[:-1]).decode("ascii")
        if text[:1] not in ("\r", "\n") and self._options.field_chars is not None:
            return FrameRejected.of("no CR or LF in front", frame)
        parts = [part for part in re.split(r"[\r\n]+", text) if part]
        return self._parts(parts) or FrameRejected.of("no answer of the protocol", frame)

    def _parts(self, parts: list[str]) -> CodecEvent | None:
        match parts:
            case ["?"]:
                told = {"error": "unrecognised_command"}
                return CommandAnswered(None, is_done=False, reason="unrecognised_command", told=told)
            case [unit, status] if (told_unit := _unit(unit)) is not None:
                answer = self._with_status(status, None)
                return answer and CommandAnswered("next_unit", is_done=True, told={"unit": told_unit})
            case [text] if text.isalpha() and len(text) > 2 and text.isupper() and not text.startswith("S"):
                return CommandAnswered("protocol_query", is_done=True, told={"protocol": text, "reply": text})
            case [status]:
                return self._with_status(status, None)
            case [weight, status]:
                return self._with_status(status, weight)
        return None

    def _with_status(self, status: str, weight: str | None) -> CodecEvent | None:
        match = _STATUS.fullmatch(status)
        codes = [ord(code) for code in match["codes"]] if match else []
        if match is None or not _is_status(codes) or not is_width(match["codes"], self._options.status_chars):
            return None
        if self._options.is_motion_inverted:
            codes[0] ^= MOTION
        is_proof = self._options.field_chars is not None and self._options.status_chars is not None
        return _read(codes, weight, self._options.field_chars, is_proof=is_proof)


def _is_status(codes: Sequence[int]) -> bool:
    """Bits 4 and 5 are set; bit 6 says, from the second on, that another one follows."""
    ends = [not code & MORE for code in codes[1:]]
    return (
        all(code & 0x30 == 0x30 for code in codes)
        and not codes[0] & MORE
        and ends == [False] * (len(ends) - 1) + [True] * min(len(ends), 1)
    )


def _unit(text: str) -> str | None:
    """The answer to ``U`` has a unit where the weight stands otherwise."""
    unit = unit_text(text)
    return unit if unit in TRADE_UNITS else None


def _read(codes: Sequence[int], weight: str | None, field_chars: int | None, *, is_proof: bool) -> LineRead | None:
    told = _flags(codes)
    is_net = bool(codes[2] & NET) if len(codes) > 2 else None
    is_stable = not told["in_motion"]
    if weight is None:
        return LineRead(_status(told, None), is_net=is_net, is_stable=is_stable, told={"status_only": True, **told})
    if (match := _POUNDS_OUNCES.fullmatch(weight)) is not None:
        ounces = Decimal(match["pounds"]) * 16 + Decimal(match["ounces"])
        told |= {"weight_oz": str(ounces), "weight_lb": match["pounds"], "unit": "lb-oz"}
        return LineRead(ScaleStatus.NOT_READY, None, "lb-oz", is_net, is_stable=is_stable, told=told)
    if (match := _FILL.fullmatch(weight)) is not None:
        told |= {FILLS[match["fill"][0]]: True}
        return LineRead(
            _status(told, None), None, unit_text(match["unit"]) or None, is_net, is_stable=is_stable, told=told
        )
    if (match := _RAW.fullmatch(weight)) is not None:
        return LineRead(ScaleStatus.NOT_READY, is_net=is_net, is_stable=is_stable, told={"raw": match["raw"], **told})
    match = _WEIGHT.fullmatch(weight)
    if match is None or not is_width(match["field"], field_chars):
        return None
    number, unit = decimal_text(match["sign"], match["digits"]), unit_text(match["unit"])
    return LineRead(
        _status(told, number) if unit.lower() in MASS_UNITS else ScaleStatus.NOT_READY,
        number,
        unit,
        is_net,
        is_stability_sent=is_proof,  # of a number or a status of any width, one answer alone proves too little
        is_stable=is_stable,
        told=told,
    )


def _flags(codes: Sequence[int]) -> dict[str, Any]:
    first, second = codes[0], codes[1] if len(codes) > 1 else 0
    told: dict[str, Any] = {"in_motion": bool(first & MOTION), "at_zero": bool(first & AT_ZERO)}
    if len(codes) > 1:
        told |= {"under_capacity": bool(second & UNDER), "over_capacity": bool(second & OVER)}
        told |= {"underload": bool(second & UNDER), "overload": bool(second & OVER)}
    told |= {name: True for bit, name in FAULTS_1.items() if first & bit}
    told |= {name: True for bit, name in FAULTS_2.items() if second & bit}
    if len(codes) > 2:
        told |= {"range": codes[2] & 0x03, "initial_zero_error": bool(codes[2] & INITIAL_ZERO_ERROR)}
    if len(codes) > 3:
        names = ("weight_changed", "zero_seen", "metric")
        told |= {name: bool(codes[3] & 1 << bit) for bit, name in enumerate(names)}
    return told


def _status(told: dict[str, Any], weight: str | None) -> ScaleStatus:
    """Motion first: over and under are momentary while the plate moves. A faulty scale has no weight."""
    if told["in_motion"]:
        return ScaleStatus.WEIGHT_UNSTABLE
    if told.get("overload"):
        return ScaleStatus.WEIGHT_OVERWEIGHT
    if told.get("underload"):
        return ScaleStatus.WEIGHT_UNDER_ZERO
    faults = {*FAULTS_1.values(), *FAULTS_2.values(), "initial_zero_error", "zero_error"}
    if any(told.get(fault) for fault in faults):
        return ScaleStatus.NOT_READY
    if weight is None:
        return ScaleStatus.WEIGHT_ZERO if told["at_zero"] else ScaleStatus.NOT_READY
    if not weight.strip("-0."):
        return ScaleStatus.WEIGHT_ZERO
    return ScaleStatus.WEIGHT_UNDER_ZERO if weight.startswith("-") else ScaleStatus.STABLE_WEIGHT


SCALE = PolledScaleProtocol(NciEcrOptions, NciEcrCodec)
PROTOCOLS = {
    "scale/nci-ecr": Decodable(
        device_to_host=Side(
            NciEcrCodec,
            examples=(
                b"\n 01.235KG\r\nS00\r\x03",
                b"\r02.15LB\n\rS00\r\x03",
                b"\n 02.15LB\r00\x03",
                b"\nS10\r\x03",
                b"\n^^^^^^LB\r\nS02\r\x03",
                b"\n 1lb 04.5oz\r\nS00\r\x03",
                b"\n?\r\x03",
                b"\nOPOS\r\x03",
            ),
        ),
        host_to_device=Side(lambda: LineCommandCodec(COMMANDS), examples=(b"W\r", b"Z\r", b"\x05\r")),
        describe=describe,
    )
}
