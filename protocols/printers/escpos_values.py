"""What the parameters of an ESC/POS command mean, by name: for recordings, tools and whoever looks at a print.

Source: Epson, "ESC/POS Command Reference".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.printers.command_stream import word
from protocols.printers.escpos_pages import CODE_PAGES

Values = dict[str, Any]
Reader = Callable[[bytes, bytes, int | None], Values]
"""Of parameters, data, and the number among the command's first bytes."""

_ALIGNS: Final = ("left", "center", "right")
_POSITIONS: Final = ("none", "above", "below", "both")
_SYMBOLOGIES: Final = (
    *("upc_a", "upc_e", "ean_13", "ean_8", "code_39", "itf", "codabar", "code_93", "code_128", "gs1_128"),
    *("gs1_databar", "gs1_databar_truncated", "gs1_databar_limited", "gs1_databar_expanded", "code_128"),
)
_LEVELS: Final = "LMQH"
_PRINTER_IDS: Final = {
    1: "model_id",
    2: "type_id",
    3: "version_id",
    65: "firmware_version",
    66: "maker_name",
    67: "model_name",
    68: "serial_number",
    69: "kanji_font",
}
_REPLIES: Final = {1: "paper", 2: "drawer", 4: "ink"}
_SYMBOL_KINDS: Final = {
    48: "pdf417",
    49: "qr",
    50: "maxicode",
    51: "gs1_databar_2d",
    52: "composite",
    53: "aztec",
    54: "data_matrix",
}
_SYMBOL_FUNCTIONS: Final = {
    48: {
        65: "columns",
        66: "rows",
        67: "module_dots",
        68: "row_height",
        69: "level",
        70: "options",
        80: "store",
        81: "print",
        82: "size",
    },
    49: {65: "model", 67: "module_dots", 69: "level", 80: "store", 81: "print", 82: "size"},
}
_GRAPHICS_FUNCTIONS: Final = {
    48: "read_free_memory",
    49: "set_density",
    50: "print",
    67: "store_raster",
    69: "print_stored",
    112: "store_raster",
    113: "store_columns",
}


def values(name: str, parameters: bytes, data: bytes, number: int | None) -> Values:
    """By the name of the command; empty where its parameters are not known to mean anything."""
    reader = _READERS.get(name)
    try:
        return {} if reader is None else reader(parameters, data, number)
    except IndexError:
        return {}  # fewer parameters than the command has


def code_128_text(data: bytes) -> str:
    """GS k 73 data as its reader sees it; FNC1 as the control character GS."""
    text, code_set, index = "", "B", 0
    while index < len(data):
        pair = data[index : index + 2]
        if pair[:1] == b"{" and len(pair) == 2:
            mark = chr(pair[1])
            if mark in "ABC":
                code_set = mark
            elif mark in "1{":
                text += "\x1d" if mark == "1" else "{"
            index += 2
        else:
            text += f"{data[index]:02d}" if code_set == "C" else chr(data[index])
            index += 1
    return text


def _switch(name: str) -> Reader:
    return lambda p, d, n: {name: bool(p[0] & 1)}


def _number(name: str) -> Reader:
    return lambda p, d, n: {name: p[0] if len(p) == 1 else word(p, 0)}


def _print_mode(p: bytes, _: bytes, __: int | None) -> Values:
    mode = p[0]
    return {
        "font": "ab"[mode & 1],
        "bold": bool(mode & 8),
        "height": 2 if mode & 16 else 1,
        "width": 2 if mode & 32 else 1,
        "underline": int(bool(mode & 128)),
    }


def _cut(p: bytes, _: bytes, number: int | None) -> Values:
    mode = number or 0
    is_full = mode % 2 == (mode >= 65)
    return {"mode": "full" if is_full else "partial", "feed": p[0] if p else 0}


def _barcode(_: bytes, data: bytes, number: int | None) -> Values:
    system = (number or 0) - (65 if (number or 0) >= 65 else 0)
    text = code_128_text(data) if system in (8, 9) else data.decode("latin-1")
    return {"symbology": _SYMBOLOGIES[system], "text": text, "length": len(data)}


def _symbol(_: bytes, data: bytes, __: int | None) -> Values:
    kind, function, rest = data[0], data[1], data[2:]
    found: Values = {
        "symbology": _SYMBOL_KINDS.get(kind, str(kind)),
        "function": _SYMBOL_FUNCTIONS.get(kind, _SYMBOL_FUNCTIONS[49]).get(function, str(function)),
        "function_number": function,
    }
    match found["function"]:
        case "store":
            found["text"] = rest[1:].decode("utf-8", "replace")
        case "level" if kind == 49:
            found["level"] = _LEVELS[rest[0] - 48] if 48 <= rest[0] < 52 else rest[0]
        case "level":
            found["level"] = rest[1] - 48 if rest[0] == 48 else rest[1]
        case "model":
            found["model"] = rest[0] - 48
        case "options":
            found["truncated"] = bool(rest[0])
        case "columns" | "rows" | "module_dots" | "row_height":
            found[found["function"]] = rest[0]
    return found


def _raster(p: bytes, _: bytes, __: int | None) -> Values:
    return {"mode": p[0] % 48, "width_dots": word(p, 1) * 8, "height_dots": word(p, 3)}


def _bit_image(p: bytes, _: bytes, __: int | None) -> Values:
    return {"mode": p[0], "width_dots": word(p, 1), "height_dots": 24 if p[0] in (32, 33) else 8}


def _graphics(_: bytes, data: bytes, __: int | None) -> Values:
    found: Values = {"function": _GRAPHICS_FUNCTIONS.get(data[1], str(data[1])), "function_number": data[1]}
    if data[1] == 112:
        found |= {"width_dots": word(data, 6), "height_dots": word(data, 8), "scale": [data[3], data[4]]}
    elif data[1] in (67, 69):
        found["key"] = data[2:4].decode("latin-1")
    return found


def _drawer(p: bytes, _: bytes, __: int | None) -> Values:
    return {"pin": 5 if p[0] % 48 == 1 else 2, "on_ms": p[1] * 2, "off_ms": p[2] * 2}


def _buzzer(p: bytes, data: bytes, __: int | None) -> Values:
    if data:
        return {"pattern": data[1], "times": data[2], "duration_ms": data[3] * 100}
    return {"times": p[0], "duration_ms": p[1] * 100}


_READERS: Final[Mapping[str, Reader]] = {
    "print_mode": _print_mode,
    "bold": _switch("bold"),
    "double_strike": _switch("double_strike"),
    "underline": lambda p, d, n: {"underline": p[0] % 48},
    "italic": _switch("italic"),
    "font": lambda p, d, n: {"font": chr(0x61 + p[0] % 48)},
    "size": lambda p, d, n: {"width": (p[0] >> 4) + 1, "height": (p[0] & 15) + 1},
    "reverse": _switch("reverse"),
    "smoothing": _switch("smoothing"),
    "upside_down": _switch("upside_down"),
    "rotation": lambda p, d, n: {"rotated": p[0] % 48 != 0},
    "colour": lambda p, d, n: {"colour": "red" if p[0] % 48 == 1 else "black"},
    "align": lambda p, d, n: {"align": _ALIGNS[p[0] % 48]},
    "code_page": lambda p, d, n: {"code_page": CODE_PAGES.get(p[0], str(p[0]))},
    "international_characters": _number("country"),
    "feed_lines": _number("lines"),
    "feed_lines_back": _number("lines"),
    "feed": _number("dots"),
    "feed_back": _number("dots"),
    "line_spacing": _number("dots"),
    "character_space": _number("dots"),
    "absolute_position": _number("dots"),
    "relative_position": lambda p, d, n: {"dots": int.from_bytes(p[:2], "little", signed=True)},
    "left_margin": _number("dots"),
    "print_width": _number("dots"),
    "motion_units": lambda p, d, n: {"horizontal": p[0], "vertical": p[1]},
    "drawer_pulse": _drawer,
    "real_time_drawer_pulse": lambda p, d, n: {"pin": 5 if p[0] else 2, "on_ms": p[1] * 100},
    "cut": _cut,
    "feed_and_cut": _cut,
    "cut_full": lambda p, d, n: {"mode": "full"},
    "cut_partial": lambda p, d, n: {"mode": "partial"},
    "buzzer": _buzzer,
    "select_peripheral": lambda p, d, n: {"printer": bool(p[0] & 1), "display": bool(p[0] & 2)},
    "barcode": _barcode,
    "barcode_height": _number("height_dots"),
    "barcode_width": _number("module_dots"),
    "barcode_text_position": lambda p, d, n: {"text_position": _POSITIONS[p[0] % 48]},
    "barcode_text_font": lambda p, d, n: {"font": chr(0x61 + p[0] % 48)},
    "symbol": _symbol,
    "raster_image": _raster,
    "bit_image": _bit_image,
    "graphics": _graphics,
    "print_stored_image": lambda p, d, n: {"number": p[0], "mode": p[1] % 48},
    "transmit_printer_id": lambda p, d, n: {"asks": _PRINTER_IDS.get(p[0], str(p[0]))},
    "transmit_status": lambda p, d, n: {"asks": _REPLIES.get(p[0] % 48, str(p[0]))},
    "enable_automatic_status": lambda p, d, n: {
        "drawer": bool(p[0] & 1),
        "online": bool(p[0] & 2),
        "error": bool(p[0] & 4),
        "paper": bool(p[0] & 8),
        "panel": bool(p[0] & 64),
    },
    "real_time_commands_enabled": lambda p, d, n: {
        "enabled": {f"DLE DC4 {d[i]}": bool(d[i + 1] & 1) for i in range(1, len(d) - 1, 2)}
    },
    "kanji_code_system": lambda p, d, n: {"code_system": ("jis", "shift_jis", "shift_jis_2004")[p[0] % 48]},
    "user_characters": _switch("user_characters"),
}
