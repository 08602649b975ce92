"""The line of many indicators (CAS CI, and Kern, Dini and others in their own dialects)::

    ST,GS,+  0.876kg          stable, gross;  US in motion, NT net
    ST,GS,<id><lamp>,   1.234 kg   CAS CI: 22 bytes, device id and lamps as two bytes that are no text
    OL,GS,+   .   kg          overload (with a minus: underload)

Source: CAS CI-series manual, RS-232 format and commands; Ohaus Aviator service manual, p. 36.
"""

from __future__ import annotations

import re
from decimal import Decimal

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import describe, no_weight, overload, underload, weight_read
from protocols.scales.lines import (
    NUMBER,
    LineAssembler,
    LineCodec,
    LineOptions,
    decimal_text,
    is_parity_whole,
    is_width,
    unit_text,
)
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand, StreamingScaleProtocol

WEIGHT_CHARS = 8
"""Sign, digits, point; the blanks between them included."""

_LINE = re.compile(
    r"(?P<state>ST|US|OL),(?P<mode>GS|NT)(?:,(?P<id>[\s\S])(?P<lamp>[\s\S])(?=,))?,?"
    rf"(?:(?P<field> *{NUMBER})|[+ -]?[ .]*(?:[Oo][Ll])?) ?(?P<unit>[A-Za-z]{{1,3}})? *"
)
_PIECES = re.compile(r" *(?P<count>\d+) ?(?:PCS|pcs)")

COMMANDS = {
    "ZE": "zero",
    "TR": "tare",
    "GR": "gross",
    "KT": "key_tare",
    "WT": "weight",
    "HD": "hold",
    "PR": "print",
}
_WITH_ID = (
    (re.compile(r"(?P<device_id>\d{1,2})(?P<name>ZE|TR|GR|KT|WT|HD|PR)(?P<value>[\d.]*)"), "addressed_command"),
)


_HEAD = re.compile(rb"[\r\n]?(?:ST|US|OL),(?:GS|NT),[\s\S]?")
ID_PLACE, LAMP_PLACE = 6, 7


class CiAssembler(LineAssembler):
    """Device id and lamps may look like an end of line (id 10 and 13): right behind the head nothing ends one."""

    def _is_data(self) -> bool:
        return bool(_HEAD.fullmatch(bytes(byte & 0x7F for byte in self._buffer[: LAMP_PLACE + 2])))


class StGsLineOptions(LineOptions):
    """Settings of a profile for this protocol."""

    weight_chars: int | None = Field(WEIGHT_CHARS, ge=5, le=12, description="Width of the number; null: any.")


AS_SENT = StGsLineOptions(weight_chars=None)


class StGsLineCodec(LineCodec):
    """Scale to host."""

    assembler = CiAssembler
    is_masked = False  # id and lamp may have bit 7; CR LF has one of its two bytes without it under any parity

    def __init__(self, options: StGsLineOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._weight_chars = options.weight_chars

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"WT\r\n"
            case ScaleCommand.ZERO:
                return b"ZE\r\n"
            case ScaleCommand.TARE if weight is None:
                return b"TR\r\n"
        return None

    def is_whole(self, line: bytes) -> bool:
        bare = line.lstrip(b"\r\n\x8d\x8a")
        has_lamps = bytes(byte & 0x7F for byte in bare[LAMP_PLACE + 1 : LAMP_PLACE + 2]) == b","
        # Id and lamps have bit 7 as they like.
        return is_parity_whole(bare[:ID_PLACE] + bare[LAMP_PLACE + 1 :] if has_lamps else bare)

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        text = text.strip("\r\n")
        if (match := _PIECES.fullmatch(text)) is not None:
            return no_weight(count=int(match["count"]))
        if (match := _LINE.fullmatch(text)) is None:
            return None
        told = {}
        if match["lamp"] is not None:
            start = len(line) - len(line.lstrip(b"\r\n\x8d\x8a"))
            told = {"device_id": line[start + match.start("id")], "lamp": line[start + match.start("lamp")]}
        unit = unit_text(match["unit"]) if match["unit"] else None
        is_net = match["mode"] == "NT"
        if match["state"] == "OL":
            report = underload if "-" in text.partition(",")[2] else overload
            return report(unit, is_net=is_net, **told)
        if match["field"] is None or not is_width(match["field"], self._weight_chars):
            return None
        weight = decimal_text(match["sign"], match["digits"])
        return weight_read(
            weight,
            unit,
            is_stable=match["state"] == "ST",
            is_net=is_net,
            is_width_known=self._weight_chars is not None,
            told=told,
        )


SCALE = PolledScaleProtocol(StGsLineOptions, StGsLineCodec)
STREAM = StreamingScaleProtocol(StGsLineOptions, StGsLineCodec)
PROTOCOLS = {
    "scale/st-gs-line": Decodable(
        device_to_host=Side(
            StGsLineCodec,
            examples=(
                b"ST,GS,+  0.876kg\r\n",
                b"US,NT,-  0.120kg\r\n",
                b"ST,GS,\x01\xc3,   1.234 kg\r\n",
                b"OL,GS,+   .   kg\r\n",
            ),
        ),
        host_to_device=Side(lambda: LineCommandCodec(COMMANDS, _WITH_ID), examples=(b"WT\r\n", b"ZE\r\n")),
        describe=describe,
    )
}
