"""The commands of UTC's (Ultimate Technology) displays: standard, one byte each; enhanced, whole lines after ESC u.

Source: UTC Retail, "PD1200 Pole Display Programming Guide" (11393104 rev G) and "3190 Series" (11938027 rev A), dimming
and positions; Partner Tech, "CD5220 User's Manual", 7.3 and 7.4, and Posiflex, "PD-2609UE", for the enhanced mode.
"""

from __future__ import annotations

from typing import Final

from protocols.decoding import Decodable, Side
from protocols.displays.display_commands import DisplayCodec, DisplayTable, Entry, cell_of
from protocols.displays.logic_controls_host import brightness_words

UTC_TABLE: Final = DisplayTable(
    {
        b"\x04": Entry("EOT", "brightness", brightness_words, 1),
        b"\x08": Entry("BS", "cursor_left", "back space"),
        b"\x09": Entry("HT", "cursor_right", "cursor right"),
        b"\x0a": Entry("LF", "line_feed", "line feed"),
        b"\x0d": Entry("CR", "cursor_line_start", "cursor to left end"),
        b"\x10": Entry("DLE", "cursor_to", cell_of, 1),
        b"\x11": Entry("DC1", "overwrite_mode", "overwrite"),
        b"\x12": Entry("DC2", "vertical_scroll_mode", "vertical scroll"),
        b"\x13": Entry("DC3", "cursor_on", "cursor on"),
        b"\x14": Entry("DC4", "cursor_off", "cursor off"),
        b"\x18": Entry("CAN", "clear_line_end", "clear to end of line"),
        b"\x19": Entry("EM", "clear_display_end", "clear to end of display"),
        b"\x1a": Entry("SUB", "code_page", "display font", 1),
        b"\x1c": Entry("FS", "blink_on", "flashing text on"),
        b"\x1d": Entry("GS", "blink_off", "flashing text off"),
        b"\x1e": Entry("RS", "clear_text", "home and clear"),
        b"\x1f": Entry("US", "reset", "clear"),
        b"\x1bd": Entry("ESC d", "enhanced_mode", "enhanced mode"),
    }
)

UTC_ENHANCED_TABLE: Final = DisplayTable(
    {
        b"\x1buA": Entry("ESC u A", "upper_line", "upper line", takes_text=True),
        b"\x1buB": Entry("ESC u B", "lower_line", "lower line", takes_text=True),
        b"\x1buD": Entry("ESC u D", "marquee", "scroll upper line", takes_text=True),
        b"\x1buE": Entry("ESC u E", "show_time", "show time", takes_text=True),
        b"\x1buF": Entry("ESC u F", "marquee_once", "scroll upper line once", takes_text=True),
        b"\x1buH": Entry("ESC u H", "attention_code", "change attention code", takes_text=True),
        b"\x1buI": Entry("ESC u I", "both_lines", "both lines", takes_text=True),
        b"\x1b\x0f": Entry("ESC SI", "standard_mode", "standard mode", takes_text=True),
        b"\x1b\x1e": Entry("ESC RS", "standard_mode", "standard mode"),
    }
)


class UtcCodec(DisplayCodec):
    """Implements Codec for host to device."""

    def __init__(self) -> None:
        super().__init__(UTC_TABLE)


class UtcEnhancedCodec(DisplayCodec):
    """Implements Codec for host to device."""

    def __init__(self) -> None:
        super().__init__(UTC_ENHANCED_TABLE)


PROTOCOLS = {
    "pole_display/utc": Decodable(
        host_to_device=Side(
            UtcCodec, examples=(b"\x1f\x11\x14", b"\x10\x14TOTAL           9.99", b"\x04\x60", b"\x1bd")
        )
    ),
    "pole_display/utc_enhanced": Decodable(
        host_to_device=Side(
            UtcEnhancedCodec,
            examples=(b"\x1buATOTAL\r", b"\x1buB9.99\r", b"\x1buDWelcome to our store\r", b"\x1buE12:30\r"),
        )
    ),
}
