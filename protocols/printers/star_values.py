"""What the parameters of a Star command mean, by name, in the words that ESC/POS printers have too.

Source: Star Micronics, "STAR Line Mode Command Specifications", "StarPRNT Command Specifications".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.printers.command_stream import word

Values = dict[str, Any]
Reader = Callable[[bytes, bytes], Values]
"""Of parameters and data."""

STAR_PAGES: Final[Mapping[int, str]] = {
    1: "cp437",
    4: "cp858",
    5: "cp852",
    6: "cp860",
    7: "cp861",
    8: "cp863",
    9: "cp865",
    10: "cp866",
    11: "cp855",
    12: "cp857",
    13: "cp862",
    14: "cp864",
    15: "cp737",
    17: "cp869",
    21: "cp874",
    32: "cp1252",
    33: "cp1250",
    34: "cp1251",
}
"""ESC GS t; of the others (Star's own, and 20 that no codec of Python has) only ASCII is told as what it is."""
_ALIGNS: Final = ("left", "center", "right")
_LEVELS: Final = "LMQH"
_SYMBOLOGIES: Final = ("upc_e", "upc_a", "ean_8", "ean_13", "code_39", "itf", "code_128", "code_93", "codabar")
PULSE_UNIT_MS: Final = 10
BUZZER_UNIT_MS: Final = 20


def values(name: str, parameters: bytes, data: bytes) -> Values:
    """By the name of the command; empty where its parameters are not known to mean anything."""
    reader = _READERS.get(name)
    try:
        return {} if reader is None else reader(parameters, data)
    except IndexError:
        return {}  # a number that stands for nothing


def _digit(byte: int) -> int:
    """0 or the digit 0, and so on."""
    return byte - 48 if byte >= 48 else byte


def _number(name: str) -> Reader:
    return lambda p, d: {name: p[0] if len(p) == 1 else word(p, 0)}


def _switch(name: str, *, is_on: bool | None = None) -> Reader:
    return lambda p, d: {name: bool(_digit(p[0])) if is_on is None else is_on}


def _cut(p: bytes, _: bytes) -> Values:
    return {"mode": "partial" if _digit(p[0]) % 2 else "full", "feeds": _digit(p[0]) >= 2}


def _barcode(p: bytes, data: bytes) -> Values:
    layout = _digit(p[1])
    return {
        "symbology": _SYMBOLOGIES[_digit(p[0])],
        "text_position": "below" if layout in (2, 4) else "none",
        "height_dots": p[3],
        "text": data.decode("latin-1"),
    }


_READERS: Final[Mapping[str, Reader]] = {
    "align": lambda p, d: {"align": _ALIGNS[_digit(p[0])]},
    "automatic_status": _switch("enabled"),
    "barcode": _barcode,
    "bold_off": _switch("bold", is_on=False),
    "bold_on": _switch("bold", is_on=True),
    "buzzer_sound": lambda p, d: {"times": p[1]},
    "buzzer_times": lambda p, d: {"on_ms": p[1] * BUZZER_UNIT_MS, "off_ms": p[2] * BUZZER_UNIT_MS},
    "code_page": lambda p, d: {"code_page": STAR_PAGES.get(p[0], str(p[0]))},
    "cut": _cut,
    "double_wide_off": lambda p, d: {"width": 1},
    "double_wide_on": lambda p, d: {"width": 2},
    "double_high_off": lambda p, d: {"height": 1},
    "double_high_on": lambda p, d: {"height": 2},
    "drawer_pulse": lambda p, d: {"pin": 2},
    "drawer_pulse_at_once": lambda p, d: {"pin": 2},
    "drawer_2_pulse": lambda p, d: {"pin": 5},
    "drawer_2_pulse_at_once": lambda p, d: {"pin": 5},
    "drawer_pulse_times": lambda p, d: {"on_ms": p[0] * PULSE_UNIT_MS, "off_ms": p[1] * PULSE_UNIT_MS},
    "feed_lines": _number("lines"),
    "font": lambda p, d: {"font": "abc"[_digit(p[0])]},
    "height": lambda p, d: {"height": _digit(p[0]) + 1},
    "width": lambda p, d: {"width": _digit(p[0]) + 1},
    "size": lambda p, d: {"height": _digit(p[0]) + 1, "width": _digit(p[1]) + 1},
    "print_end_counter": lambda p, d: {"function": p[0], "document_id": word(p, 1)},
    "qr_cell_size": _number("module_dots"),
    "qr_data": lambda p, d: {"text": d.decode("utf-8", "replace")},
    "qr_error_correction": lambda p, d: {"level": _LEVELS[_digit(p[0])]},
    "qr_model": lambda p, d: {"model": _digit(p[0])},
    "pdf417_data": lambda p, d: {"text": d.decode("utf-8", "replace")},
    "pdf417_error_correction": lambda p, d: {"level": _digit(p[0])},
    "pdf417_module_width": _number("module_dots"),
    "pdf417_module_aspect": _number("row_height"),
    "raster_image": lambda p, d: {"width_dots": word(p, 1) * 8, "height_dots": word(p, 3)},
    "bit_image_24_dots": lambda p, d: {"width_dots": word(p, 0), "height_dots": 24},
    "underline": _switch("underline"),
    "upside_down_off": _switch("upside_down", is_on=False),
    "upside_down_on": _switch("upside_down", is_on=True),
}
