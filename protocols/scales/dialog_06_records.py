"""Dialog 06 (Checkout-Dialog; Dialog 02 and 04 are the same, slower): records of both sides, as bytes and back.

::

    EOT STX 01 ESC price ESC ETX                 unit price, 5 or 6 digits
    EOT STX 03 ESC price ESC tare ETX            and tare, 4 digits
    EOT STX 04 ESC price ESC text ETX            and text, up to 13 characters
    EOT STX 05 ESC price ESC tare ESC text ETX
    EOT STX 08 ETX                               why was that refused?
    EOT STX 10 ESC CS KW ... ETX                 checksums
    EOT STX 20 ESC 1 ETX                         show the program's version (0: no longer)
    EOT ENQ                                      the result, please;    EOT  seen, thank you

    ACK, NAK
    STX 02 ESC u ESC weight ESC price ESC total ETX    u: 0 lb:oz, 1 lb in 1/100, 2 lb in 1/200, 3 kg
    STX 09 ESC status ETX
    STX 11 ESC 2 Z1 Z2 ETX                       checksums, please; 1: they were right, 0: wrong

Source: Mettler Toledo DIVA service manual, 6.1.8; Cely PI100 manual, 7.5; Dibal DPOS-400 manual, 4.37 to 4.41.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import JsonEvent, event_json
from protocols.scales.dialog_06_checksums import read_hex
from protocols.scales.dialog_06_status import MEANINGS, scale_status
from protocols.scales.digits import implied, is_zero
from protocols.scales.framed_codec import MORE, FramedCodec, describe_rejected, weight_json
from protocols.scales.price_dialogue import PricedRead

STX, ETX, EOT, ENQ, ACK, NAK, ESC = 0x02, 0x03, 0x04, 0x05, 0x06, 0x15, 0x1B
RECORD_BYTES_MAX = 64
"""Record 10 with five pairs has 47 bytes."""
PRICE_DECIMALS = 2
TARE_DECIMALS = 3

UNITS = {"0": ("lb-oz", 0), "1": ("lb", 2), "2": ("lb", 3), "3": ("kg", 3)}
"""Record 02: unit and decimals of its five digits."""

_INSIDE = re.compile(rb"\x02[\x1b\x1e\x20-\x7e]*")
_RESULT = re.compile(r"02\x1b([0-3])\x1b([0-9]{5})\x1b([0-9]{5,6})\x1b([0-9]{6})")
_STATUS = re.compile(r"09\x1b([0-9]{2})")
_CHECKSUMS = re.compile(r"11\x1b(?:2([0-9A-Fa-f:;<=>?]{2})|([01]))")
_PRICE = re.compile(r"(0[1345])\x1b([0-9]{5,6})(?:\x1b([0-9]{4}))?(?:\x1b([\x20-\x7e]{1,13}))?\x1b?")
_HAS_TARE = {"01": False, "03": True, "04": False, "05": True}
_HAS_TEXT = {"01": False, "03": False, "04": True, "05": True}


@dataclass(frozen=True, slots=True)
class Acknowledged(CodecEvent):
    """The scale took the record."""


@dataclass(frozen=True, slots=True)
class Refused(CodecEvent):
    """The scale did not take the record; record 08 asks why."""


@dataclass(frozen=True, slots=True)
class StatusRead(CodecEvent):
    """Record 09."""

    code: int


@dataclass(frozen=True, slots=True)
class ChecksumsAsked(CodecEvent):
    """Record 11 with a random number. ``is_colon``: a digit above 9 was sent as ``:`` to ``?``."""

    z: int
    is_colon: bool


@dataclass(frozen=True, slots=True)
class ChecksumsJudged(CodecEvent):
    """Record 11 without a random number."""

    is_valid: bool


@dataclass(frozen=True, slots=True)
class ResultRead(PricedRead):
    """Record 02. ``weight_oz``: of a scale set to pounds and ounces, whose weight is no decimal number."""

    weight_oz: str | None = None


@dataclass(frozen=True, slots=True)
class HostRecordRead(CodecEvent):
    """What a till sent. ``record`` None: EOT alone or EOT ENQ."""

    command: str
    record: str | None = None
    unit_price: str | None = None
    tare: str | None = None
    text: str | None = None
    checksums: str | None = None
    is_version_shown: bool | None = None


class Dialog06Codec(FramedCodec):
    """Device to host."""

    frame_bytes_max = RECORD_BYTES_MAX

    def __init__(self, price_decimals: int = PRICE_DECIMALS) -> None:
        super().__init__()
        self._price_decimals = price_decimals

    def cut(self, buffer: bytearray) -> int:
        return 1 if buffer[0] in (ACK, NAK) else cut_record(buffer)

    def understand(self, frame: bytes) -> CodecEvent:
        if frame[0] in (ACK, NAK):
            return Acknowledged() if frame[0] == ACK else Refused()
        body = frame[1:-1].decode("ascii")
        if match := _RESULT.fullmatch(body):
            return self._result(*match.groups())
        if match := _STATUS.fullmatch(body):
            return StatusRead(int(match[1]))
        if match := _CHECKSUMS.fullmatch(body):
            if match[1] is None:
                return ChecksumsJudged(match[2] == "1")
            return ChecksumsAsked(read_hex(match[1]) or 0, is_colon=any(letter in ":;<=>?" for letter in match[1]))
        return FrameRejected.of("no record of a scale", frame)

    def _result(self, unit_code: str, digits: str, unit_price: str, price: str) -> ResultRead:
        unit, decimals = UNITS[unit_code]
        prices = (implied(unit_price, self._price_decimals), implied(price, self._price_decimals))
        if unit_code == "0":
            # Two digits of pounds, two of ounces, one of eighths: no decimal number, so no weight that could be sold.
            eighths = int(digits[:2]) * 128 + int(digits[2:4]) * 8 + int(digits[4])
            ounces = implied(str(eighths * 125), 3)
            return ResultRead(
                ScaleStatus.NOT_READY, None, unit, unit_price=prices[0], price=prices[1], weight_oz=ounces
            )
        weight = implied(digits, decimals)
        status = ScaleStatus.WEIGHT_ZERO if is_zero(weight) else ScaleStatus.STABLE_WEIGHT
        return ResultRead(status, weight, unit, unit_price=prices[0], price=prices[1])


class Dialog06HostCodec(FramedCodec):
    """Host to device."""

    frame_bytes_max = RECORD_BYTES_MAX + 1

    def cut(self, buffer: bytearray) -> int:
        if buffer[0] != EOT:
            return -1
        if len(buffer) == 1:
            return MORE
        if buffer[1] == ENQ:
            return 2
        if buffer[1] != STX:
            return 1
        length = cut_record(buffer[1:])
        return length + 1 if length > 0 else length - 1 if length < 0 else MORE

    def understand(self, frame: bytes) -> CodecEvent:
        if len(frame) == 1:
            return HostRecordRead("end_of_transmission")
        if len(frame) == 2:
            return HostRecordRead("request_result")
        body = frame[2:-1].decode("ascii")
        if (match := _PRICE.fullmatch(body)) and (
            (match[3] is not None, match[4] is not None) == (_HAS_TARE[match[1]], _HAS_TEXT[match[1]])
        ):
            return HostRecordRead(
                "set_price", match[1], unit_price=implied(match[2], PRICE_DECIMALS), tare=match[3], text=match[4]
            )
        if body == "08":
            return HostRecordRead("request_status", "08")
        if match := re.fullmatch(r"10\x1b((?:[0-9A-Fa-f:;<=>?]{8}){1,5})", body):
            return HostRecordRead("send_checksums", "10", checksums=match[1])
        if match := re.fullmatch(r"20\x1b([01])", body):
            return HostRecordRead("show_version", "20", is_version_shown=match[1] == "1")
        return FrameRejected.of("no record of a till", frame)

    def at_idle(self, rest: bytes) -> CodecEvent | None:
        return HostRecordRead("end_of_transmission") if rest == bytes((EOT,)) else None


def cut_record(buffer: bytes | bytearray) -> int:
    """``STX ... ETX`` at the start of the buffer, as ``FramedCodec.cut`` says it. A new STX starts a new record."""
    inside = _INSIDE.match(buffer)
    if inside is None:
        return -1
    end = inside.end()
    if end == len(buffer):
        return MORE
    return end + 1 if buffer[end] == ETX else -end


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools: numbers of records beside what they mean."""
    match event:
        case FrameRejected():
            return describe_rejected(event)
        case Acknowledged():
            return {"event": "acknowledged", "ack": True, "status": "ack"}
        case Refused():
            return {"event": "refused", "nak": True, "status": "nak", "error": "nak"}
        case ResultRead():
            return _describe_result(event)
        case StatusRead():
            return _describe_status(event.code)
        case ChecksumsAsked():
            told: JsonEvent = {"event": "checksums_asked", "record": "11", "d0": "2", "challenge": True}
            told |= {"z": f"0x{event.z:02X}", "z1": event.z >> 4, "z2": event.z & 0x0F}
            return told | ({"hex_alphabet": "':'..'?' stand for A..F"} if event.is_colon else {})
        case ChecksumsJudged():
            verdict = "valid" if event.is_valid else "invalid"
            return {
                "event": "checksums_judged",
                "record": "11",
                "d0": "1" if event.is_valid else "0",
                "checksums": verdict,
            }
        case HostRecordRead():
            return _describe_host(event)
    return event_json(event)


def _describe_result(event: ResultRead) -> JsonEvent:
    return weight_json(event) | {"record": "02", "stable": True, "total": event.price, "net": event.is_net}


def _describe_status(code: int) -> JsonEvent:
    told: JsonEvent = {"event": "status_read", "record": "09", "status": code}
    if code in MEANINGS:
        told["meaning"] = MEANINGS[code]
    told["scale_status"] = scale_status(code).value
    told |= {"in_motion": code in (20, 22), "under_zero": code == 31, "overload": code == 32}
    return told


def _describe_host(event: HostRecordRead) -> JsonEvent:
    told = event_json(event)
    if event.tare is not None:
        told["tare"] = f"{int(event.tare)} (scale resolution)"
        told["tare_digits"] = event.tare
    if event.text is not None:
        told["text"] = event.text.strip(" ")
    if event.checksums is not None:
        words = [event.checksums[place : place + 4] for place in range(0, len(event.checksums), 4)]
        told["pairs"] = [list(pair) for pair in zip(words[::2], words[1::2], strict=True)]
    if event.is_version_shown is not None:
        del told["version_shown"]
        told["show_version"] = event.is_version_shown
    return told
