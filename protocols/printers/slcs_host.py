"""The commands of SLCS, for whoever takes apart what a host sends."""

from __future__ import annotations

from typing import Final

from protocols.printers.label_commands import Language


def _binary(line: bytes) -> int | None:
    """LD: x, y, bytes of a row, rows, each in two bytes with the low one first; then the rows."""
    if len(line) != 10 or not line.startswith(b"LD"):
        return None
    return int.from_bytes(line[6:8], "little") * int.from_bytes(line[8:10], "little")


SLCS: Final = Language(
    words={
        "@": "initialise",
        "^cp": "status",
        "^cu": "status",
        "^PI": "printer_information",
        "PI": "printer_information",
        "CB": "clear_buffer",
        "CS": "character_set",
        "CUT": "cutter",
        "CL": "calibration_length",
        "SS": "print_speed",
        "SD": "density",
        "SM": "margin",
        "SL": "label_length",
        "SW": "label_width",
        "SO": "orientation",
        "SA": "offset",
        "SF": "back_feed",
        "ST": "print_type",
        "TA": "tear_off_position",
        "T": "text",
        "V": "text_scalable",
        "B1": "barcode",
        "B2": "barcode_2d",
        "B3": "barcode_special",
        "BD": "block_draw",
        "CD": "circle",
        "LD": "bitmap",
        "P": "print",
        "RWD": "rewinder",
    },
    immediate={},
    binary=_binary,
    raw_heads={b"LD": 8},
    queries=frozenset({"^cp", "^cu", "^PI", "PI"}),
)
