"""EPL2 in page mode, parsed. Written from Zebra's EPL2 programmer's manual."""

from __future__ import annotations

import re
from typing import Any

from simulators.label_languages.lines import LineParser, arguments
from simulators.label_machine import LabelMachine
from simulators.label_parts import Drawn, PrintedLabel, SequenceError

FONTS = {"1": (8, 12), "2": (10, 16), "3": (12, 20), "4": (14, 24), "5": (32, 48)}
BARCODES = {
    "E30": "ean_13",
    "E80": "ean_8",
    "UA0": "upc_a",
    "1": "code_128",
    "1E": "gs1_128",
    "3": "code_39",
    "9": "code_93",
    "2": "itf",
    "K": "codabar",
}
SETTINGS = r"I8,[0-9A-F],\d{3}|ZT|ZB|R\d+,\d+|D\d+|S\d|J[BF]|O[A-Za-z,0-9]*|r[NY]|f\d+|M[\d,]+"
CODES = {"Q": "qr", "D": "data_matrix", "P": "pdf417"}


class EplParser(LineParser):
    """``is_reporting``: after US it acknowledges each form, and names each error as it comes."""

    def __init__(self, machine: LabelMachine) -> None:
        super().__init__(machine)
        self.is_reporting = False
        machine.on_printed = self._acknowledge
        self.forms: dict[str, str] = {}

    def raw_bytes(self, line: bytes) -> int:
        match = re.fullmatch(rb"GW\d+,\d+,(\d+),(\d+),", line)
        return int(match[1]) * int(match[2]) if match else 0

    def obey(self, line: str, raw: bytes) -> None:
        if line.startswith("^ee"):
            self.machine.reply(",".join(self._codes()).encode() + b"\r\n")
        elif line == "US":
            self.is_reporting = True
        elif line == "N":
            self.label = PrintedLabel(self.label.width, self.label.height)
        elif line == "UN":
            self.is_reporting = False
        elif match := re.fullmatch(r"P(\d+)(?:,(\d+))?", line):
            if not self.label.items:
                raise SequenceError("an empty form")
            printed = PrintedLabel(self.label.width, self.label.height, list(self.label.items))
            self.label.items.clear()
            self.machine.enqueue(printed, int(match[1]) * int(match[2] or 1))
        elif match := re.fullmatch(r"q(\d+)", line):
            self.label.width = int(match[1])
        elif match := re.fullmatch(r"Q(\d+),B?\d+([+-]\d+)?", line):
            self.label.height = int(match[1])
        elif not re.fullmatch(
            r"(I8,[0-9A-F],\d{3}|ZT|ZB|R\d+,\d+|D\d+|S\d|J[BF]|O[A-Za-z,0-9]*|r[NY]|f\d+|M[\d,]+)", line
        ):
            self.label.items.append(_drawn(line, raw))

    def _codes(self) -> list[str]:
        names = {"media_out": "07", "head_open": "11", "ribbon_out": "93", "paused": "92"}
        found = sorted(code for fault, code in names.items() if fault in self.machine.faults)
        return found or (["21"] if self.machine.batches else ["00"])

    def _acknowledge(self) -> None:
        if self.is_reporting:
            self.machine.reply(b"\x06")


def _drawn(line: str, raw: bytes) -> Drawn:
    if match := re.fullmatch(r"GW(\d+),(\d+),(\d+),(\d+),", line):
        x, y, row, height = map(int, match.groups())
        return Drawn("picture", x, y, {"width": row * 8, "height": height, "data": bytes(byte ^ 0xFF for byte in raw)})
    kind = line[:2] if line[:2] in ("LO",) else line[:1]
    parts = arguments(line[len(kind) :], '"', _unescaped)
    x, y = int(parts[0]), int(parts[1])
    about: dict[str, Any]
    ends: dict[str, Any]
    match kind:
        case "A":
            width, height = FONTS[parts[3]]
            across, down = int(parts[4]), int(parts[5])
            about = {"data": parts[7], "rotation": int(parts[2]), "width": width * across, "height": height * down}
            return Drawn("text", x, y, about)
        case "B":
            about = {"symbology": BARCODES[parts[3]], "module": int(parts[4]), "height": int(parts[6])}
            return Drawn(
                "barcode", x, y, {**about, "rotation": int(parts[2]), "has_text": parts[7] == "B", "data": parts[8]}
            )
        case "b":
            symbology, options = CODES[parts[2]], {part[0]: part[1:] for part in parts[3:-1]}
            about = {
                "symbology": symbology,
                "module": int(options.get({"qr": "s", "data_matrix": "h"}.get(symbology, "x"), "0")),
            }
            if symbology == "qr":
                about["level"] = options.get("e", "M")
            elif symbology == "pdf417":
                about |= {"row": int(options["y"]), "level": int(options["s"]), "columns": int(options["l"])}
            return Drawn("code", x, y, {**about, "data": parts[-1]})
        case "LO":
            return Drawn("box", x, y, {"width": int(parts[2]), "height": int(parts[3]), "thickness": int(parts[3])})
        case "X":
            ends = {"width": int(parts[3]) - x + 1, "height": int(parts[4]) - y + 1}
            return Drawn("box", x, y, {**ends, "thickness": int(parts[2])})
        case _:
            raise SequenceError("unknown command")


def _unescaped(text: str, index: int) -> tuple[str, int]:
    if text[index] == "\\":
        return text[index + 1], 2
    return (text[index], 1) if text[index] != '"' else ("", 0)
