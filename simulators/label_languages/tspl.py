"""TSPL, parsed. Written from TSC's programming manual and Gprinter's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulators.label_languages.lines import LineParser, arguments
from simulators.label_parts import Drawn, PrintedLabel, SequenceError

FONTS = {"1": (8, 12), "2": (12, 20), "3": (16, 24), "4": (24, 32), "5": (32, 48)}
BARCODES = {
    "EAN13": "ean_13",
    "EAN8": "ean_8",
    "UPCA": "upc_a",
    "128": "code_128",
    "128M": "code_128_by_hand",
    "39": "code_39",
    "93": "code_93",
    "25": "itf",
    "CODA": "codabar",
}
SETTINGS = (
    r"(GAP|BLINE|DIRECTION|REFERENCE|CODEPAGE|COUNTRY|DENSITY|SPEED|OFFSET|SHIFT|SET|SOUND|LIMITFEED"
    r"|FEED|BACKFEED|FORMFEED|HOME|CUT|INITIALPRINTER)( .*)?"
)
DOTS_PER_UNIT = {" mm": 203 / 25.4, " dot": 1.0, "": 203.0}


class TsplParser(LineParser):
    """``model``: what ~!T says."""

    model = "SIMULATED-TSPL"

    def raw_bytes(self, line: bytes) -> int:
        match = re.fullmatch(rb"BITMAP \d+,\d+,(\d+),(\d+),0,", line)
        return int(match[1]) * int(match[2]) if match else 0

    def at_once(self, line: bytes) -> Callable[[], None] | None:
        return {
            b"\x1b!?": lambda: self.machine.reply(bytes((self._status(),))),
            b"\x1b!S": lambda: self.machine.reply(self._extended()),
            b"\x1b!.": self.machine.cancel_all,
        }.get(line)

    def obey(self, line: str, raw: bytes) -> None:
        if line == "CLS":
            self.label = PrintedLabel(self.label.width, self.label.height)
        elif line == "~!T":
            self.machine.reply(self.model.encode() + b"\r\n")
        elif match := re.fullmatch(r"SIZE ([0-9.]+)( mm| dot|), ?([0-9.]+)\2", line):
            unit = DOTS_PER_UNIT[match[2]]
            self.label.width, self.label.height = round(float(match[1]) * unit), round(float(match[3]) * unit)
        elif match := re.fullmatch(r"PRINT (\d+)(?:, ?(\d+))?", line):
            if not self.label.items:
                raise SequenceError("an empty label")
            count = int(match[1]) * int(match[2] or 1)
            self.machine.enqueue(PrintedLabel(self.label.width, self.label.height, list(self.label.items)), count)
            self.label.items.clear()
        elif not re.fullmatch(SETTINGS, line):
            self.label.items.append(_drawn(line, raw))

    def _status(self) -> int:
        names = {"head_open": 0x01, "media_out": 0x04, "ribbon_out": 0x08, "paused": 0x10}
        value = sum(mask for fault, mask in names.items() if fault in self.machine.faults)
        return value | (0x20 if self.machine.batches and self.machine.can_print else 0)

    def _extended(self) -> bytes:
        faults = self.machine.faults
        error = 0x40 | 0x01 * ("media_out" in faults) | 0x04 * ("ribbon_out" in faults) | 0x20 * ("head_open" in faults)
        message = b"@"
        if "paused" in faults:
            message = b"`"
        elif error != 0x40:
            message = b"E"
        elif self.machine.batches:
            message = b"P"
        return b"\x02" + message + b"@@" + bytes((error,)) + b"\x03\r\n"


def _drawn(line: str, raw: bytes) -> Drawn:
    command, _, rest = line.partition(" ")
    if command == "BITMAP":
        x, y, row, height = map(int, rest.split(",")[:4])
        return Drawn("picture", x, y, {"width": row * 8, "height": height, "data": bytes(byte ^ 0xFF for byte in raw)})
    parts = arguments(rest, '"', _unescaped)
    x, y = int(parts[0]), int(parts[1])
    about: dict[str, Any]
    ends: dict[str, Any]
    match command:
        case "TEXT":
            width, height = FONTS[parts[2]]
            about = {"rotation": int(parts[3]) // 90, "width": width * int(parts[4]), "height": height * int(parts[5])}
            return Drawn("text", x, y, {**about, "data": parts[6]})
        case "BARCODE":
            about = {"symbology": BARCODES[parts[2]], "height": int(parts[3]), "module": int(parts[6])}
            return Drawn(
                "barcode",
                x,
                y,
                {**about, "rotation": int(parts[5]) // 90, "has_text": parts[4] != "0", "data": parts[8]},
            )
        case "QRCODE":
            about = {"symbology": "qr", "level": parts[2], "module": int(parts[3]), "data": parts[-1]}
            return Drawn("code", x, y, about)
        case "DMATRIX":
            module = next(int(part[1:]) for part in parts[4:-1] if part.startswith("x"))
            return Drawn("code", x, y, {"symbology": "data_matrix", "module": module, "data": parts[-1]})
        case "PDF417":
            options = {part[0]: int(part[1:]) for part in parts[5:-1]}
            about = {"symbology": "pdf417", "module": options["W"], "row": options["H"]}
            about |= {"level": options["E"], "columns": options["C"]}
            return Drawn("code", x, y, {**about, "data": parts[-1]})
        case "BAR":
            return Drawn("box", x, y, {"width": int(parts[2]), "height": int(parts[3]), "thickness": int(parts[3])})
        case "BOX":
            ends = {"width": int(parts[2]) - x + 1, "height": int(parts[3]) - y + 1}
            return Drawn("box", x, y, {**ends, "thickness": int(parts[4])})
        case _:
            raise SequenceError("unknown command")


def _unescaped(text: str, index: int) -> tuple[str, int]:
    if text.startswith('\\["]', index):
        return '"', 4
    if text.startswith("\\[", index):
        raise SequenceError("an unknown escape")
    return (text[index], 1) if text[index] != '"' else ("", 0)
