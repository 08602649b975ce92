"""The commands of the CD5220 (Partner Tech), which Birch, Posiflex, Tysso, POS-X and others speak as "CD5220 mode".

Source: Partner Tech, "CD5220 User's Manual", 6.1 "CD5220 standard mode command list", and its later edition 7.2.
"""

from __future__ import annotations

from typing import Final

from protocols.decoding import Decodable, Side
from protocols.displays.display_commands import DisplayCodec, DisplayTable, Entry, cursor_to, on_or_off
from protocols.displays.epson_host import EPSON_ENTRIES

BRIGHTNESS_PERCENT: Final = {1: 25, 2: 50, 3: 75, 4: 100}
DEMO_BYTES: Final = 400
"""Of ESC b: 200 for each line."""


def _brightness(parameters: bytes) -> str:
    level = parameters[0] & 0x0F
    percent = BRIGHTNESS_PERCENT.get(level)
    return "brightness" if percent is None else "brightness full" if level == 4 else f"brightness {percent} %"


_SHARED: Final = (
    *(b"\x08", b"\x09", b"\x0a", b"\x0b", b"\x0c", b"\x0d", b"\x18"),
    *(b"\x1f\x01", b"\x1f\x02", b"\x1f\x03", b"\x1f\x0a", b"\x1f\x0d", b"\x1fB", b"\x1f$", b"\x1fC", b"\x1fE"),
    *(b"\x1fX", b"\x1f@", b"\x1b@", b"\x1b%", b"\x1b&", b"\x1b?", b"\x1b="),
)
"""What its later edition takes from Epson."""

CD5220_TABLE: Final = DisplayTable(
    {prefix: EPSON_ENTRIES[prefix] for prefix in _SHARED}
    | {
        b"\x18": Entry("CAN", "clear_line", "clear line"),
        b"\x1b\x11": Entry("ESC DC1", "overwrite_mode", "overwrite"),
        b"\x1b\x12": Entry("ESC DC2", "vertical_scroll_mode", "vertical scroll"),
        b"\x1b\x13": Entry("ESC DC3", "horizontal_scroll_mode", "horizontal scroll"),
        b"\x1bQA": Entry("ESC Q A", "upper_line", "upper line", takes_text=True),
        b"\x1bQB": Entry("ESC Q B", "lower_line", "lower line", takes_text=True),
        b"\x1bQD": Entry("ESC Q D", "marquee", "scroll upper line", takes_text=True),
        b"\x1b[D": Entry("ESC [ D", "cursor_left", "cursor left"),
        b"\x1b[C": Entry("ESC [ C", "cursor_right", "cursor right"),
        b"\x1b[A": Entry("ESC [ A", "cursor_up", "cursor up"),
        b"\x1b[B": Entry("ESC [ B", "cursor_down", "cursor down"),
        b"\x1b[H": Entry("ESC [ H", "cursor_home", "cursor home"),
        b"\x1b[L": Entry("ESC [ L", "cursor_line_start", "cursor to left end"),
        b"\x1b[R": Entry("ESC [ R", "cursor_line_end", "cursor to right end"),
        b"\x1b[K": Entry("ESC [ K", "cursor_bottom", "cursor to bottom"),
        b"\x1bl": Entry("ESC l", "cursor_to", cursor_to, 2),
        b"\x1bW": Entry("ESC W", "window", "window", 1, more=lambda p: 3 if p[0] & 1 else 0),
        b"\x1b*": Entry("ESC *", "brightness", _brightness, 1),
        b"\x1b_": Entry("ESC _", "cursor", on_or_off("cursor"), 1),
        b"\x1bf": Entry("ESC f", "international_characters", "international characters", 1),
        b"\x1bc": Entry("ESC c", "code_page", "code page", 1),
        b"\x1bs\x01": Entry("ESC s 1", "save_glyphs", "save user-defined characters"),
        b"\x1bd": Entry("ESC d", "recall_glyphs", "recall saved characters", 1),
        b"\x1bb": Entry("ESC b", "save_demonstration", "save demonstration", counted=lambda _: DEMO_BYTES),
        b"\x1b#": Entry("ESC #", "select_dialect", "select command set", 1),
    }
)


class Cd5220Codec(DisplayCodec):
    """Implements Codec for host to device."""

    def __init__(self) -> None:
        super().__init__(CD5220_TABLE)


PROTOCOLS = {
    "pole_display/cd5220": Decodable(
        host_to_device=Side(
            Cd5220Codec,
            examples=(
                b"\x1b@\x1b\x11\x1b_\x00",
                b"\x0c\x1bQAHI\r",
                b"\x1bQDWelcome to our store\r",
                b"\x1bl\x01\x02TOTAL           9.99",
                b"\x1b*\x04",
                b"\x1bW\x01\x01\x14\x01",
            ),
        )
    )
}
