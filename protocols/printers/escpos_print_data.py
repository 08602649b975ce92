"""What a host sends to an ESC/POS printer, read: commands with the meaning of their parameters, text in its code pages.

Text is told line by line, its LF included, across changes of the code page: as it stands on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.command_stream import (
    TEXT_BYTES_MAX,
    CommandStreamCodec,
    HostCommand,
    PrintedText,
    Shape,
)
from protocols.printers.escpos_host import ESCPOS_COMMANDS
from protocols.printers.escpos_pages import CODE_PAGES, UNKNOWN_PAGE, text_in
from protocols.printers.escpos_values import values

_CHARACTER_COMMANDS: Final = frozenset(
    {"code_page", "kanji_on", "kanji_off", "kanji_code_system", "international_characters"}
)
"""Change what bytes mean as text; the line goes on."""
_SHIFT_JIS: Final = "cp932"
_DEFAULT_WIDE: Final = "gbk"
"""What FS & chooses is the printer's own; most that are sent FS & are Chinese."""
_SYMBOLS_WITH_TEXT: Final = frozenset({"barcode", "symbol"})


class EscposCommandCodec(CommandStreamCodec):
    """Implements Codec for host to device."""

    def __init__(self) -> None:
        super().__init__(ESCPOS_COMMANDS)
        self._line = ""
        self._line_bytes = bytearray()
        self._page = CODE_PAGES[0]
        self._wide = _DEFAULT_WIDE
        self._is_wide = False

    def flush(self) -> Sequence[CodecEvent]:
        told = list(super().flush())
        line: list[CodecEvent] = []
        self._end_line(line)
        return line + told

    def _end_text(self, events: list[CodecEvent]) -> None:
        """A run of characters ends, its line perhaps not."""
        if self._text:
            data = bytes(self._text)
            self._text.clear()
            self._line += text_in(self._wide if self._is_wide else self._page, data)
            self._line_bytes += data
            if len(self._line_bytes) >= TEXT_BYTES_MAX:
                self._end_line(events)

    def _tell(self, events: list[CodecEvent]) -> None:
        name = self._shape.name
        if name == "line_feed" and self._line_bytes:
            self._line += "\n"
            self._line_bytes += b"\n"
            self._end_line(events)
            self._forget()
            return
        if name not in _CHARACTER_COMMANDS:
            self._end_line(events)
        super()._tell(events)

    def _command(self, shape: Shape, parameters: bytes, data: bytes) -> HostCommand:
        command = super()._command(shape, parameters, data)
        self._choose(shape.name, parameters)
        meaning = values(shape.name, parameters, data, shape.number)
        is_short = shape.data_bytes is None and shape.end is None
        number = () if shape.number is None or command.command.endswith(f" {shape.number}") else (shape.number,)
        numbers = (*number, *(parameters if is_short else ()))
        return HostCommand(
            command.command,
            command.name,
            command.n,
            command.parameters,
            command.data,
            command.data_bytes,
            command.process_id,
            " ".join((command.command, *map(str, numbers))),
            meaning,
        )

    def _choose(self, name: str, parameters: bytes) -> None:
        """Follow what bytes mean as text."""
        if name == "code_page":
            self._page = CODE_PAGES.get(parameters[0], UNKNOWN_PAGE)
        elif name == "kanji_code_system" and parameters[0] % 48:
            self._wide = _SHIFT_JIS
        elif name in ("kanji_on", "kanji_off"):
            self._is_wide = name == "kanji_on"
        elif name == "initialize":
            self._page, self._is_wide = CODE_PAGES[0], False

    def _end_line(self, events: list[CodecEvent]) -> None:
        if self._line_bytes:
            events.append(PrintedText(self._line, self._line_bytes.hex()))
            self._line = ""
            self._line_bytes.clear()


def describe(event: CodecEvent) -> JsonEvent:
    """With the values beside the command, which is spelled out; of a barcode or symbol ``data`` is what is scanned."""
    told = event_json(event)
    found: dict[str, Any] = told.pop("values", {})
    if isinstance(event, HostCommand):
        told["command"] = _spelled_out(event)
        if event.name in _SYMBOLS_WITH_TEXT:
            told.pop("data", None)
            if "text" in found:
                found = found | {"data": found["text"], "data_sent": event.data}
    return told | found


def command_in_brief(told: JsonEvent) -> str | None:
    """Of one command among several."""
    command: str | None = told.get("command")
    return command


def _spelled_out(event: HostCommand) -> str:
    """With its numbers, and what it asks or chooses: ``GS I 67 model name``."""
    written = event.written or event.command
    match event.name:
        case "request_process_id":
            return f"{written} fn 48: process id request"
        case "select_peripheral":
            chosen = [name for name in ("printer", "display") if event.values.get(name)]
            return " ".join((written, "select", " and ".join(chosen))) if chosen else written
        case "transmit_printer_id" | "transmit_status":
            return f"{written} {event.values['asks']}".replace("_", " ")
    return written


PROTOCOLS = {
    "escpos": Decodable(
        host_to_device=Side(
            EscposCommandCodec,
            examples=(
                b"\x1b@hello\n",
                b"\x1dV\x42\x00",
                b"\x1bp\x00\x32\xfa",
                b"\x1d(k\x07\x001P01234",
                b"\x1dkI\x09{B0123ABC",
                b"\x1dv0\x00\x01\x00\x02\x00\x80\x01",
                b"\x10\x04\x01",
                b"\x1bt\x12Pchn\xa5\x86\n",
            ),
        ),
        describe=describe,
    )
}
