"""Datalogic's host commands on RS-232 and USB COM: one byte each. Answers to ``i`` and ``h`` are lines of named frames.

Sources: Datalogic knowledge base KA-01506 "Host commands, RS-232 Standard"; Magellan 9300i, 9800i and 800i product
reference guides, appendix "Host Commands".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json

BEEP: Final = b"B"
"""Beeps if its good-read beep is switched on."""
FORCE_BEEP: Final = b"\x01"
DISABLE: Final = b"D"
ENABLE: Final = b"E"
NOT_ON_FILE: Final = b"F"
RESET: Final = b"R"
IDENTIFICATION: Final = b"i"
HEALTH: Final = b"h"
COMMANDS: Mapping[int, str] = {
    0x01: "beep",
    0x07: "beep",
    0x11: "xon",
    0x13: "xoff",
    ord("B"): "beep",
    ord("D"): "disable",
    ord("E"): "enable",
    ord("F"): "not_on_file",
    ord("R"): "reset",
    ord("i"): "id",
    ord("h"): "health",
    ord("s"): "status",
}
FORCED: Final = frozenset({0x01})
"""Beeps whatever the scanner is set to."""

FRAMES: Mapping[str, str] = {
    "M": "model",
    "S": "serial_number",
    "m": "main_board_serial_number",
    "A": "application_rom",
    "R": "application_revision",
    "C": "configuration",
    "B": "boot_loader",
    "H": "hardware",
    "U": "universal_interface_application",
    "u": "universal_interface_boot_loader",
    "W": "scale",
    "D": "remote_display",
    "E": "eas",
    "I": "interface",
    "r": "radio",
    "L": "linked_application",
    "b": "linked_boot_loader",
    "X": "linked_model",
    "V": "vl_version",
    "v": "vsl_version",
    "F": "fpga",
    "Q": "sdram_configuration",
    "P": "ipe_application",
    "l": "usb_loader",
}
HEALTH_FRAMES: Mapping[str, str] = {"m": "motor", "h": "horizontal_laser", "v": "vertical_laser", "s": "scale"}
HEALTH_WORDS: Final = frozenset({"OK", "FAIL", "NA"})
FRAME_BYTES_MAX: Final = 256
_END = re.compile(rb"[\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class DatalogicCommand(CodecEvent):
    """What a host sent."""

    code: int

    @property
    def command(self) -> str:
        return COMMANDS[self.code]


@dataclass(frozen=True, slots=True)
class DatalogicFrame(CodecEvent):
    """One line of an answer: a letter, and what it names. ``name`` is None for a letter that no document has."""

    frame_id: str
    text: str
    name: str | None


class DatalogicHostCodec:
    """Bytes of a host, each a command."""

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [
            DatalogicCommand(byte) if byte in COMMANDS else FrameRejected.of("unknown_command", bytes((byte,)))
            for byte in data
        ]

    def flush(self) -> Sequence[CodecEvent]:
        return ()


class DatalogicAnswerCodec:
    """Answers of the scanner: frames between control characters (the documents name no other separator)."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            if byte < 0x20:
                events += self.flush()
            elif len(self._buffer) == FRAME_BYTES_MAX:
                events.append(FrameRejected.of("too_long", bytes(self._buffer)))
                self._buffer.clear()
            else:
                self._buffer.append(byte)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        frame = bytes(self._buffer)
        self._buffer.clear()
        return [frame_of(frame)] if frame else ()


def frame_of(line: bytes) -> DatalogicFrame:
    """A line of an answer."""
    letter, text = chr(line[0]), line[1:].decode("latin-1")
    name = HEALTH_FRAMES.get(letter) if text.strip() in HEALTH_WORDS else FRAMES.get(letter)
    return DatalogicFrame(letter, text, name)


def describe(event: CodecEvent) -> JsonEvent:
    """By the names of the document."""
    match event:
        case DatalogicCommand(code=code):
            told: JsonEvent = {"event": "host_command", "command": event.command}
            return {**told, "forced": True} if code in FORCED else told
        case DatalogicFrame(frame_id=frame_id, text=text, name=name):
            told = {"event": "datalogic_frame", "frame_id": frame_id, "data": text, "name": name}
            if text.strip() in HEALTH_WORDS:
                told["status"] = text.strip()
            return {key: value for key, value in told.items() if value is not None}
    return event_json(event)


PROTOCOLS = {
    "scanner/datalogic-host": Decodable(
        device_to_host=Side(DatalogicAnswerCodec, examples=(b"MM9800I\r", b"SG13C01234\r", b"hOK\r")),
        host_to_device=Side(DatalogicHostCodec, examples=(BEEP, DISABLE, ENABLE, NOT_ON_FILE, FORCE_BEEP)),
        describe=describe,
    ),
}
