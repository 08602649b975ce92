"""ZPL II, parsed: formats to labels, ~HS and ~HI answered. Written from Zebra's programming guide."""

from __future__ import annotations

import re

from simulators.label_languages.lines import NOT_UNDERSTOOD
from simulators.label_languages.zpl_answers import errors, host_status
from simulators.label_languages.zpl_graphics import graphic
from simulators.label_machine import LabelMachine
from simulators.label_parts import Drawn, PrintedLabel, SequenceError

AT_ONCE = ("~HS", "~HI", "~JA", "~JR", "~PP", "~PS", "~HQES", "^XA", "^XZ")
BARCODES = {
    "^BE": "ean_13",
    "^B8": "ean_8",
    "^BU": "upc_a",
    "^BC": "code_128",
    "^B2": "itf",
    "^B3": "code_39",
    "^BA": "code_93",
    "^BK": "codabar",
    "^BQ": "qr",
    "^BX": "data_matrix",
    "^B7": "pdf417",
}
SETTINGS = frozenset(
    [
        *("^CI", "^PW", "^LL", "^LH", "^FW", "^PO", "^MN", "^MD", "^PR", "^PM", "^LT", "^LS", "^MM", "^MT", "^CF"),
        *("^JU", "^JZ", "^KD", "^MF", "^ML", "^SE", "^SL", "^ST", "^SZ", "^XB"),
    ]
)  # remembered, and without effect here
CONTROL_SETTINGS = frozenset(["~JC", "~JS", "~SD", "~TA"])
TOKEN_BYTES_MAX = 4_000_000


class ZplParser:
    """``storage``: formats by name. ``model``: what ~HI says."""

    def __init__(self, machine: LabelMachine, model: str = "SIMULATED-203dpi,V0.1,8,8192KB") -> None:
        self._machine = machine
        self._model = model
        self._token = ""
        self._label: PrintedLabel | None = None
        self.storage: dict[str, list[str]] = {}
        self._storing: str | None = None
        self._recalled: list[str] | None = None
        self._filled: dict[int, str] = {}
        self._x = self._y = 0
        self._what: tuple[str, dict[str, object]] = ("", {})
        self._data: str | None = None
        self._is_hexadecimal = False
        self._block: int | None = None
        self._field_number: int | None = None
        self._module = 2
        self._height = 10
        self._quantity = 1

    @property
    def is_in_middle(self) -> bool:
        return self._label is not None or bool(self._token.strip())

    def feed(self, data: bytes) -> None:
        for character in data.decode("latin-1"):
            if character in "^~":
                self._end_token()
            self._token += character
            if self._token in AT_ONCE:
                self._end_token()
            elif len(self._token) > TOKEN_BYTES_MAX:
                self._machine.error("a command without end")
                self._token = ""

    def _end_token(self) -> None:
        token, self._token = self._token, ""
        # In a field even the end of a line is data.
        token = token if token.startswith(("^FD", "^FV")) else token.strip("\r\n")
        if not token.strip():
            return
        try:
            self._obey(token)
        except SequenceError as error:
            self._machine.error(f"{token[:40]!r}: {error}")
        except (ValueError, IndexError):
            self._machine.error(f"{token[:40]!r}: {NOT_UNDERSTOOD}")

    def _obey(self, token: str) -> None:
        if token[0] not in "^~":
            raise SequenceError("no command")
        command, rest = token[:3], token[3:]
        if token[0] == "~":
            self._obey_control(token)
        elif command == "^XA":
            if self._label is not None:
                self._machine.counters["cut_formats"] += 1
            self._begin()
        elif self._label is None:
            raise SequenceError("outside of a format")
        elif command == "^XZ":
            self._end()
        elif command == "^DF":
            self._storing = rest.partition("^")[0]
            self.storage[self._storing] = []
        elif self._storing is not None:
            self.storage[self._storing].append(token)
        else:
            self._obey_format(command, rest, token)

    def _obey_control(self, token: str) -> None:
        match token:
            case "~HS":
                self._machine.reply(host_status(self._machine, is_partial=self._label is not None))
            case "~HI":
                self._machine.reply(b"\x02" + self._model.encode() + b"\x03\r\n")
            case "~HQES":
                self._machine.reply(errors(self._machine))
            case "~JA" | "~JR":
                self._machine.cancel_all()
                self._label = None
            case "~PP":
                self._machine.set_fault("paused", True)
            case "~PS":
                self._machine.set_fault("paused", False)
            case _ if token[:3] in CONTROL_SETTINGS:
                pass
            case _:
                raise SequenceError("unknown control command")

    def _begin(self) -> None:
        self._label = PrintedLabel()
        self._storing = self._recalled = None
        self._filled = {}
        self._quantity = 1
        self._reset_field()

    def _end(self) -> None:
        label, self._label = self._label, None
        if self._recalled is not None and label is not None:
            self._label = label
            for token in self._recalled:
                self._obey_format(token[:3], token[3:], token)
            self._label = None
        if label is not None and self._storing is None and label.items:
            self._machine.enqueue(label, self._quantity)

    def _obey_format(self, command: str, rest: str, token: str) -> None:
        assert self._label is not None
        numbers = [int(part) if re.fullmatch(r"-?\d+", part) else None for part in rest.split(",")]
        match command:
            case "^FO":
                self._x, self._y = numbers[0] or 0, (numbers[1] or 0) if len(numbers) > 1 else 0
            case "^BY":
                self._module = numbers[0] or self._module
                self._height = numbers[2] or self._height if len(numbers) > 2 else self._height
            case "^FH":
                self._is_hexadecimal = True
            case "^FB":
                self._block = numbers[0]
            case "^FN":
                self._field_number = numbers[0] or 0
            case "^FD" | "^FV":
                self._data = self._decoded(rest) if self._is_hexadecimal else rest
            case "^FS":
                self._end_field()
            case "^GB":
                width, height, thickness = (number or 1 for number in numbers[:3])
                self._what = ("box", {"width": width, "height": height, "thickness": thickness})
            case "^GF":
                self._what = ("picture", graphic(rest))
            case "^PQ":
                self._quantity = numbers[0] or 1
            case "^XF":
                if rest not in self.storage:
                    raise SequenceError("no such format is stored")
                self._recalled = self.storage[rest]
            case "^FX":
                pass
            case _ if command in BARCODES:
                self._what = ("code" if command in ("^BQ", "^BX", "^B7") else "barcode", self._symbol(command, rest))
            case _ if command in SETTINGS:
                self._set(command, numbers)
            case _ if token[:2] == "^A":
                font = rest.split(",")
                self._what = ("text", {"font": token[2], "rotation": font[0] or "N", "height": int(font[1])})
            case _:
                raise SequenceError("unknown command")

    def _symbol(self, command: str, rest: str) -> dict[str, object]:
        parts = rest.split(",")
        about: dict[str, object] = {"symbology": BARCODES[command], "module": self._module, "height": self._height}
        letters = {"^B3": 3, "^BK": 3}.get(command, 2)
        if command not in ("^BX", "^BQ", "^B7"):
            about |= {"rotation": parts[0] or "N", "has_text": len(parts) <= letters or parts[letters] == "Y"}
        if command == "^BK" and len(parts) > 6:
            about |= {"start": parts[5], "stop": parts[6]}
        if command == "^B7":
            about |= {"row": int(parts[1]), "level": int(parts[2] or 0), "columns": int(parts[3] or 0)}
        if command == "^BX":
            about |= {"module": int(parts[1]), "escape": parts[6] if len(parts) > 6 else "~"}
        elif command == "^BQ":
            about["module"] = int(parts[2])
        elif command == "^BC":
            about["mode"] = parts[5] if len(parts) > 5 else "N"
        return about

    def _set(self, command: str, numbers: list[int | None]) -> None:
        assert self._label is not None
        if command == "^PW":
            self._label.width = numbers[0] or 0
        elif command == "^LL":
            self._label.height = numbers[0] or 0
        elif command == "^CI" and numbers[0] != 28:
            raise SequenceError("only UTF-8 is simulated")

    def _end_field(self) -> None:
        assert self._label is not None
        kind, about = self._what
        if self._field_number is not None and not kind:
            self._filled[self._field_number] = self._data or ""
        elif kind:
            data = self._data if self._field_number is None else self._filled.get(self._field_number, self._data)
            if kind in ("text", "barcode", "code"):
                if data is None:
                    raise SequenceError("a field without data")
                about = {**about, "data": data, "block": self._block}
            self._label.items.append(Drawn(kind, self._x, self._y, about))
        self._reset_field()

    def _reset_field(self) -> None:
        self._x = self._y = 0
        self._what = ("", {})
        self._data = self._block = self._field_number = None
        self._is_hexadecimal = False

    def _decoded(self, text: str) -> str:
        raw = re.sub(r"_([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), text)
        return raw.encode("latin-1").decode("utf-8")
