"""The commands of Epson's DM-D displays (ESC/POS for displays), which many others speak as "Epson mode".

Source: Epson, "DM-D110 Specification", section 5.4; the escpos-php test suite for what the Aures OCD-300 has beside it.
"""

from __future__ import annotations

from typing import Final

from protocols.decoding import Decodable, Side
from protocols.displays.display_commands import DisplayCodec, DisplayTable, Entry, cursor_to, on_or_off

BRIGHTNESS_PERCENT: Final = {1: 20, 2: 40, 3: 60, 4: 100}
_PERIPHERALS: Final = {1: "select printer", 2: "select display", 3: "select printer and display"}


def _brightness(parameters: bytes) -> str:
    percent = BRIGHTNESS_PERCENT.get(parameters[0] & 0x0F)
    return "brightness" if percent is None else f"brightness {percent} %"


def _blink(parameters: bytes) -> str:
    if parameters[0] == 0:
        return "blink off"
    return "display off" if parameters[0] == 255 else f"blink every {parameters[0] * 50} ms"


def _window_bytes(parameters: bytes) -> int:
    return 4 if parameters[1] & 1 else 0


def _glyph_bytes(parameters: bytes) -> int:
    """ESC & 1 n m: for each character its width and so many columns; of full width, as every host sends them."""
    return max(0, parameters[2] - parameters[1] + 1) * 6


EPSON_ENTRIES: Final = {
    b"\x08": Entry("BS", "cursor_left", "cursor left"),
    b"\x09": Entry("HT", "cursor_right", "cursor right"),
    b"\x0a": Entry("LF", "cursor_down", "cursor down"),
    b"\x0b": Entry("HOM", "cursor_home", "cursor home"),
    b"\x0c": Entry("CLR", "clear_text", "clear"),
    b"\x0d": Entry("CR", "cursor_line_start", "cursor to left end"),
    b"\x18": Entry("CAN", "clear_line", "clear cursor line"),
    b"\x1f\x01": Entry("US MD1", "overwrite_mode", "overwrite"),
    b"\x1f\x02": Entry("US MD2", "vertical_scroll_mode", "vertical scroll"),
    b"\x1f\x03": Entry("US MD3", "horizontal_scroll_mode", "horizontal scroll"),
    b"\x1f\x0a": Entry("US LF", "cursor_up", "cursor up"),
    b"\x1f\x0d": Entry("US CR", "cursor_line_end", "cursor to right end"),
    b"\x1fB": Entry("US B", "cursor_bottom", "cursor to bottom"),
    b"\x1f$": Entry("US $", "cursor_to", cursor_to, 2),
    b"\x1fC": Entry("US C", "cursor", on_or_off("cursor"), 1),
    b"\x1fE": Entry("US E", "blink", _blink, 1),
    b"\x1fT": Entry("US T", "set_time", "set and show time", 2),
    b"\x1fU": Entry("US U", "show_time", "show time"),
    b"\x1fX": Entry("US X", "brightness", _brightness, 1),
    b"\x1fr": Entry("US r", "reverse", on_or_off("reverse"), 1),
    b"\x1fv": Entry("US v", "dtr", on_or_off("DTR"), 1),
    b"\x1f#": Entry("US #", "annunciator", "annunciator", 2),
    b"\x1f.": Entry("US .", "character_with_period", "character with period", 1),
    b"\x1f,": Entry("US ,", "character_with_comma", "character with comma", 1),
    b"\x1f;": Entry("US ;", "character_with_semicolon", "character with semicolon", 1),
    b"\x1f:": Entry("US :", "macro", "start or end macro"),
    b"\x1f^": Entry("US ^", "macro_run", "run macro", 2),
    b"\x1f@": Entry("US @", "self_test", "self test"),
    b"\x1f(A": Entry("US ( A", "select_displays", "select displays", 2, counted=lambda p: p[0] + 256 * p[1]),
    b"\x1f(E": Entry("US ( E", "user_setting", "user setting", 2, counted=lambda p: p[0] + 256 * p[1]),
    b"\x1b@": Entry("ESC @", "initialize", "initialise"),
    b"\x1b%": Entry("ESC %", "user_characters", on_or_off("user-defined characters"), 1),
    b"\x1b&": Entry("ESC &", "define_glyphs", "define characters", 3, more=_glyph_bytes),
    b"\x1b?": Entry("ESC ?", "cancel_glyph", "cancel user-defined character", 1),
    b"\x1bR": Entry("ESC R", "international_characters", "international characters", 1),
    b"\x1bt": Entry("ESC t", "code_page", "code page", 1),
    b"\x1b=": Entry("ESC =", "select_peripheral", lambda p: _PERIPHERALS.get(p[0], "select peripheral"), 1),
    b"\x1bW": Entry("ESC W", "window", "window", 2, more=_window_bytes),
}

EPSON_TABLE: Final = DisplayTable(EPSON_ENTRIES)


class EpsonDisplayCodec(DisplayCodec):
    """Implements Codec for host to device."""

    def __init__(self) -> None:
        super().__init__(EPSON_TABLE)


PROTOCOLS = {
    "pole_display/epson": Decodable(
        host_to_device=Side(
            EpsonDisplayCodec,
            examples=(
                b"\x1b@\x1f\x01\x1fC\x00",
                b"\x0c",
                b"\x1f$\x01\x02TOTAL           9.99",
                b"\x1fX\x04",
                b"\x1b=\x02",
                b"\x1bW\x01\x01\x01\x01\x14\x01",
                b"\x1f(A\x03\x000\x31\x00",
            ),
        )
    )
}
