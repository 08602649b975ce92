"""SLCS, parsed. Written from Bixolon's programming manual."""

from __future__ import annotations

import re
from typing import Any

from simulators.label_languages.lines import LineParser, arguments
from simulators.label_parts import Drawn, PrintedLabel, SequenceError

FONTS = {"0": (9, 15), "1": (12, 20), "2": (16, 25), "3": (19, 30), "4": (24, 38), "5": (32, 50), "6": (48, 76)}
BARCODES = {
    "0": "code_39",
    "1": "code_128",
    "2": "itf",
    "3": "codabar",
    "4": "code_93",
    "5": "upc_a",
    "7": "ean_13",
    "8": "ean_8",
}


class SlcsParser(LineParser):
    def raw_bytes(self, line: bytes) -> int:
        if len(line) == 2 and line == b"LD":
            return 8  # four numbers, of which any byte may be the end of a line
        return 0

    def feed(self, data: bytes) -> None:
        for byte in data:
            super().feed(bytes((byte,)))
            if self._line == b"LD" and len(self._raw) == 8 and not self._raw_left:
                row, height = (int.from_bytes(self._raw[at : at + 2], "little") for at in (4, 6))
                self._raw_left = row * height

    def obey(self, line: str, raw: bytes) -> None:
        if line == "^cu":
            self.machine.reply(bytes((self._status(),)))
        elif line == "^cp":
            is_printing = bool(self.machine.batches) and self.machine.can_print
            self.machine.reply(bytes((self._status(), 0x40 * is_printing)))
        elif line in ("CB", "@"):
            self.label = PrintedLabel(self.label.width, self.label.height)
        elif match := re.fullmatch(r"SW(\d+)", line):
            self.label.width = int(match[1])
        elif match := re.fullmatch(r"SL(\d+),\d+,[GBC]", line):
            self.label.height = int(match[1])
        elif match := re.fullmatch(r"P(\d+)(?:,(\d+))?", line):
            if not self.label.items:
                raise SequenceError("an empty label")
            count = int(match[1]) * int(match[2] or 1)
            self.machine.enqueue(PrintedLabel(self.label.width, self.label.height, list(self.label.items)), count)
            self.label.items.clear()
        elif not re.fullmatch(r"(S[SDMOTAF]|TA|CS|CUT)[A-Za-z0-9,-]+", line):
            self.label.items.append(_drawn(line, raw))

    def _status(self) -> int:
        names = {"media_out": 0x80, "head_open": 0x40, "ribbon_out": 0x04}
        return sum(mask for fault, mask in names.items() if fault in self.machine.faults)


def _drawn(line: str, raw: bytes) -> Drawn:
    if line == "LD":
        x, y, row, height = (int.from_bytes(raw[at : at + 2], "little") for at in (0, 2, 4, 6))
        return Drawn("picture", x, y, {"width": row * 8, "height": height, "data": raw[8:]})
    command = line[:2] if line[:2] in ("B1", "B2", "BD") else line[:1]
    parts = arguments(line[len(command) :], "'", lambda text, at: ("", 0) if text[at] == "'" else (text[at], 1))
    x, y = int(parts[0]), int(parts[1])
    about: dict[str, Any]
    ends: dict[str, Any]
    match command:
        case "T":
            width, height = FONTS[parts[2]]
            about = {"rotation": int(parts[6]), "width": width * int(parts[3]), "height": height * int(parts[4])}
            return Drawn("text", x, y, {**about, "data": parts[9]})
        case "B1":
            about = {"symbology": BARCODES[parts[2]], "module": int(parts[3]), "height": int(parts[5])}
            return Drawn(
                "barcode", x, y, {**about, "rotation": int(parts[6]), "has_text": parts[7] != "0", "data": parts[8]}
            )
        case "B2" if parts[2] == "Q":
            about = {"symbology": "qr", "level": parts[4], "module": int(parts[5]), "data": parts[-1]}
            return Drawn("code", x, y, about)
        case "BD":
            ends = {"width": int(parts[2]) - x + 1, "height": int(parts[3]) - y + 1}
            thickness = int(parts[5]) if parts[4] == "B" else min(ends.values())
            return Drawn("box", x, y, {**ends, "thickness": thickness})
        case _:
            raise SequenceError("unknown command")
