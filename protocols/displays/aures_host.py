"""The commands of the Aures OCD-300, told in the names of the library whose published bytes they are (``call``).

It speaks Epson's commands after ``02 05 43 31 03``, and has a few of its own between STX and ETX. Source: escpos-php,
AuresCustomerDisplay and its tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.displays.display_commands import DisplayCodec, DisplayCommand, DisplayedText, DisplayTable, Entry
from protocols.displays.epson_host import EPSON_ENTRIES

SELECT_ESCPOS: Final = b"\x02\x05\x43\x31\x03"

AURES_TABLE: Final = DisplayTable(
    EPSON_ENTRIES
    | {
        SELECT_ESCPOS: Entry("STX ENQ C 1 ETX", "select_dialect", "ESC/POS mode"),
        b"\x02\x05V\x01\x03": Entry("STX ENQ V SOH ETX", "show_firmware", "show firmware version"),
        b"\x02\x05D\x08\x03": Entry("STX ENQ D BS ETX", "self_test", "self test"),
        b"\x02\xfcU\xaaU\xaa": Entry("STX FC U AA U AA", "show_logo", "show logo"),
    }
)

_CALLS: Final = {
    "overwrite_mode": "selectTextScrollMode",
    "vertical_scroll_mode": "selectTextScrollMode",
    "horizontal_scroll_mode": "selectTextScrollMode",
    "clear_text": "Clear",
    "show_firmware": "ShowFirmwareVersion",
    "self_test": "SelfTest",
    "show_logo": "ShowLogo",
    "cursor_down": "Test",
    "cursor_line_start": "Test",
}
_TEXT_CALL: Final = "Test"
"""Lines of text, each ended by CR LF: the library's tests have no other name for it."""
_INITIALIZING: Final = frozenset(
    {"select_dialect", "initialize", "code_page", "overwrite_mode", "vertical_scroll_mode", "horizontal_scroll_mode"}
)
_BEGINNING: Final = "InitializeOutput"


class AuresCodec(DisplayCodec):
    """Knows the first commands of a connection as one call."""

    def __init__(self) -> None:
        super().__init__(AURES_TABLE)
        self._is_beginning = False

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [self._called(event) for event in super().feed(data)]

    def flush(self) -> Sequence[CodecEvent]:
        events = [self._called(event) for event in super().flush()]
        self._is_beginning = False
        return events

    def _called(self, event: CodecEvent) -> CodecEvent:
        if isinstance(event, DisplayedText):
            self._is_beginning = False
            return replace(event, call=_TEXT_CALL)
        if not isinstance(event, DisplayCommand):
            self._is_beginning = False
            return event
        self._is_beginning = event.name == "select_dialect" or (self._is_beginning and event.name in _INITIALIZING)
        return replace(event, call=_BEGINNING if self._is_beginning else _CALLS.get(event.name))


PROTOCOLS = {
    "pole_display/aures_ocd300": Decodable(
        host_to_device=Side(
            AuresCodec,
            examples=(
                SELECT_ESCPOS + b"\x1b@\x1bt\x00\x1f\x02",
                b"\x0c",
                b"Hello\r\nWorld\r\n",
                b"\x02\x05D\x08\x03",
                b"\x02\xfcU\xaaU\xaa",
            ),
        )
    )
}
