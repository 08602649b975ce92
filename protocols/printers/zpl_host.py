"""The commands a host sends in ZPL II, taken apart, for recordings and tools: one event a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.printers.label_commands import PARAMETER_BYTES_KEPT, LabelCommand

NAMES: Final = {
    "~HS": "host_status",
    "~HI": "host_identification",
    "~HQ": "host_query",
    "~HM": "host_memory",
    "^HH": "configuration_label",
    "^HW": "host_directory",
    "~JA": "cancel_all",
    "~JX": "cancel_partial",
    "~JR": "power_on_reset",
    "~JC": "calibrate",
    "~PS": "print_start",
    "~PP": "pause",
    "~PR": "applicator_reprint",
    "~DG": "download_graphic",
    "~DY": "download_object",
    "^XA": "start_format",
    "^XZ": "end_format",
    "^XF": "recall_format",
    "^XG": "recall_graphic",
    "^DF": "download_format",
    "^ID": "delete_object",
    "^CI": "international_font",
    "^CF": "default_font",
    "^PW": "print_width",
    "^LL": "label_length",
    "^LH": "label_home",
    "^LT": "label_top",
    "^LS": "label_shift",
    "^MM": "print_mode",
    "^MN": "media_tracking",
    "^MT": "media_type",
    "^MD": "media_darkness",
    "~SD": "set_darkness",
    "^PR": "print_rate",
    "^PO": "print_orientation",
    "^PQ": "print_quantity",
    "^PM": "mirror",
    "^FO": "field_origin",
    "^FT": "field_typeset",
    "^FB": "field_block",
    "^FD": "field_data",
    "^FV": "field_variable",
    "^FN": "field_number",
    "^FS": "field_separator",
    "^FH": "field_hexadecimal",
    "^FR": "field_reverse",
    "^FW": "field_orientation",
    "^FX": "comment",
    "^SN": "serialization_data",
    "^SF": "serialization_field",
    "^BY": "barcode_defaults",
    "^BC": "barcode_code_128",
    "^BE": "barcode_ean_13",
    "^B8": "barcode_ean_8",
    "^BU": "barcode_upc_a",
    "^B9": "barcode_upc_e",
    "^B2": "barcode_itf",
    "^B3": "barcode_code_39",
    "^B7": "barcode_pdf417",
    "^BQ": "barcode_qr",
    "^BX": "barcode_data_matrix",
    "^GB": "graphic_box",
    "^GF": "graphic_field",
    "^A@": "font_by_name",
    "! U": "set_get_do",
}
IMMEDIATE: Final = frozenset({"~HS", "~HI", "~JA", "~JX", "~JR", "~JC", "~PS", "~PP", "^XA", "^XZ", "^FS"})
"""Commands without parameters: whole with their last letter."""
QUERIES: Final = {"~HS": "~HS", "~HI": "~HI", "~HQ": "~HQ", "^HH": "^HH", "! U": "getvar"}

_PREFIXES: Final = b"^~"
_SGD: Final = 0x21
_BETWEEN: Final = b"\r\n \x00"


class ZplCommandCodec:
    """Implements Codec for host to device. A command ends where the next one begins, or where the line is idle."""

    def __init__(self) -> None:
        self._command = bytearray()
        self._length = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._end(events)
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if byte in _PREFIXES:
            self._end(events)
        elif not self._length and byte in _BETWEEN:
            return
        self._length += 1
        if len(self._command) < PARAMETER_BYTES_KEPT + 3:
            self._command.append(byte)
        is_sgd = self._command[0] == _SGD
        if (not is_sgd and self._length == 3 and self._command.decode("latin-1") in IMMEDIATE) or (
            is_sgd and byte == 0x0A
        ):
            self._end(events)

    def _end(self, events: list[CodecEvent]) -> None:
        if not self._length:
            return
        data, length = bytes(self._command), self._length
        self._command.clear()
        self._length = 0
        text = data.decode("latin-1")
        command, parameters = text[:3], text[3:].rstrip("\r\n")
        name = NAMES.get(command) or ("font" if text[:2] == "^A" and length > 2 else None)
        if name is None:
            events.append(FrameRejected("no command of ZPL", data[:64], length))
            return
        if command not in NAMES:
            command, parameters = "^A", text[2:].rstrip("\r\n")
        query = QUERIES.get(command)
        if command == "~HQ":
            query = f"~HQ{parameters}"
        size = length - len(command) if length > len(data) else len(parameters)
        events.append(LabelCommand(command, name, parameters[:PARAMETER_BYTES_KEPT] or None, size or None, query))
