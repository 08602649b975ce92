"""The commands of Logic Controls' displays (PD3000, PDX3, LD9000, LDX9), which are Bematech's today (LDX1000).

Source: Logic Controls, "PDX3/LDX9/LTX9 Series User Manual" (10 July 2013), 8.1.1; Bematech, "LDX1000 User Manual",
"Logic Controls command set".
"""

from __future__ import annotations

from typing import Final

from protocols.decoding import Decodable, Side
from protocols.displays.display_commands import DisplayCodec, DisplayTable, Entry, cell_of

BRIGHTNESS_PERCENT: Final = {0x20: 20, 0x40: 40, 0x60: 60, 0xFF: 100}


def brightness_words(parameters: bytes) -> str:
    """As the UTC displays have it, too."""
    percent = BRIGHTNESS_PERCENT.get(parameters[0])
    return "brightness" if percent is None else f"brightness {percent} %"


LOGIC_CONTROLS_TABLE: Final = DisplayTable(
    {
        b"\x03": Entry("ETX", "define_glyph", "download character", 6),
        b"\x04": Entry("EOT", "brightness", brightness_words, 1),
        b"\x05": Entry("ENQ", "marquee", "scroll upper line", takes_text=True),
        b"\x08": Entry("BS", "cursor_left", "back space"),
        b"\x09": Entry("HT", "cursor_right", "cursor right"),
        b"\x0a": Entry("LF", "line_feed", "line feed"),
        b"\x0d": Entry("CR", "cursor_line_start", "cursor to left end"),
        b"\x10": Entry("DLE", "cursor_to", cell_of, 1),
        b"\x11": Entry("DC1", "overwrite_mode", "overwrite"),
        b"\x12": Entry("DC2", "vertical_scroll_mode", "vertical scroll"),
        b"\x13": Entry("DC3", "cursor_on", "cursor on"),
        b"\x14": Entry("DC4", "cursor_off", "cursor off"),
        b"\x1f": Entry("US", "reset", "reset"),
        b"\x1b\x06": Entry("ESC ACK", "marquee_lower", "scroll lower line", takes_text=True),
        b"\x1b\x07": Entry("ESC BEL", "marquee_right", "scroll upper line right", takes_text=True),
        b"\x1b\x0b": Entry("ESC VT", "marquee_lower_right", "scroll lower line right", takes_text=True),
    }
)


class LogicControlsCodec(DisplayCodec):
    """Implements Codec for host to device."""

    def __init__(self) -> None:
        super().__init__(LOGIC_CONTROLS_TABLE)


_SIDE: Final = Side(
    LogicControlsCodec,
    examples=(b"\x1f\x11\x14", b"\x10\x14TOTAL           9.99", b"\x05Welcome to our store\r", b"\x04\xff"),
)
PROTOCOLS = {
    "pole_display/logic_controls": Decodable(host_to_device=_SIDE),
    "pole_display/bematech": Decodable(host_to_device=_SIDE),
}
