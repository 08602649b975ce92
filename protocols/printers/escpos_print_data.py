"""What a host sends to an ESC/POS printer, read: commands with what their parameters mean, text in its code pages."""

from __future__ import annotations

from typing import Any, Final

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.command_stream import HostCommand, Shape
from protocols.printers.escpos_host import ESCPOS_COMMANDS
from protocols.printers.escpos_pages import CODE_PAGES, UNKNOWN_PAGE, text_in
from protocols.printers.escpos_values import Values, values
from protocols.printers.print_data import PrintDataCodec

_SHIFT_JIS: Final = "cp932"
_DEFAULT_WIDE: Final = "gbk"
"""What FS & chooses is the printer's own; most that are sent FS & are Chinese."""
_SYMBOLS_WITH_TEXT: Final = frozenset({"barcode", "symbol"})


class EscposCommandCodec(PrintDataCodec):
    """Implements Codec for host to device."""

    character_commands = frozenset(
        {"code_page", "kanji_on", "kanji_off", "kanji_code_system", "international_characters"}
    )

    def __init__(self) -> None:
        super().__init__(ESCPOS_COMMANDS)
        self._page = CODE_PAGES[0]
        self._wide = _DEFAULT_WIDE
        self._is_wide = False

    def text_of(self, data: bytes) -> str:
        return text_in(self._wide if self._is_wide else self._page, data)

    def meaning_of(self, shape: Shape, parameters: bytes, data: bytes) -> Values:
        return values(shape.name, parameters, data, shape.number)

    def choose(self, name: str, parameters: bytes) -> None:
        if name == "code_page":
            self._page = CODE_PAGES.get(parameters[0], UNKNOWN_PAGE)
        elif name == "kanji_code_system":
            self._is_wide = parameters[0] % 48 == 1
            self._wide = _SHIFT_JIS if self._is_wide else self._wide
        elif name in ("kanji_on", "kanji_off"):
            self._is_wide = name == "kanji_on"
        elif name == "initialize":
            self._page, self._is_wide = CODE_PAGES[0], False


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
