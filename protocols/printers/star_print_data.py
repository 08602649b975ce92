"""What a host sends to a Star printer, read: commands with the meaning of their parameters, text in its code pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.command_stream import HostCommand, Shape
from protocols.printers.escpos_pages import UNKNOWN_PAGE, text_in
from protocols.printers.print_data import PrintDataCodec
from protocols.printers.star_host import STAR_COMMANDS, STAR_RASTER_COMMANDS
from protocols.printers.star_values import STAR_PAGES, Values, values


class StarCommandCodec(PrintDataCodec):
    """Implements Codec for host to device."""

    character_commands = frozenset({"code_page", "international_characters"})

    def __init__(self) -> None:
        super().__init__(STAR_COMMANDS)
        self._page = UNKNOWN_PAGE

    def flush(self) -> Sequence[CodecEvent]:
        events = super().flush()
        self._table = STAR_COMMANDS
        return events

    def text_of(self, data: bytes) -> str:
        return text_in(self._page, data)

    def meaning_of(self, shape: Shape, parameters: bytes, data: bytes) -> Values:
        return values(shape.name, parameters, data)

    def choose(self, name: str, parameters: bytes) -> None:
        if name == "code_page":
            self._page = STAR_PAGES.get(parameters[0], UNKNOWN_PAGE)
        elif name in ("initialize", "cancel"):
            self._page = UNKNOWN_PAGE

    def _tell(self, events: list[CodecEvent]) -> None:
        super()._tell(events)
        match events[-1] if events else None:
            case HostCommand(name="raster_mode_on"):
                self._table = STAR_RASTER_COMMANDS
            case HostCommand(name="raster_mode_off" | "initialize"):
                self._table = STAR_COMMANDS


def describe(event: CodecEvent) -> JsonEvent:
    """With the values beside the command; of a barcode or symbol ``data`` is what it holds."""
    told = event_json(event)
    found: dict[str, Any] = told.pop("values", {})
    if "text" in found:
        found = found | {"data": found["text"]}
    return told | found


PROTOCOLS = {
    "star": Decodable(
        host_to_device=Side(
            StarCommandCodec,
            examples=(
                b"\x1b@hello\n\r",
                b"\x1b\x07\x14\x14\x07",
                b"\x1b\x1dyD1\x00\x05\x0052101\x1b\x1dyP",
                b"\x1bb\x04\x02\x02\x50123456\x1e",
                b"\x1b\x06\x01",
                b"\x1bd\x00",
                b"\x1b\x1dt\x05za\xbe\xa2\xe5\x86\n",
            ),
        ),
        describe=describe,
    )
}
