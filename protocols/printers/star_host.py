"""The commands of Star Line Mode and StarPRNT as a host sends them: how each is found, and where it ends.

Source: Star Micronics, "STAR Line Mode Command Specifications", chapter 3, and "StarPRNT Command Specifications"; the
raster commands (``ESC * r``) from the former's chapter on raster mode.
"""

from __future__ import annotations

from typing import Final

from protocols.printers.command_stream import CommandTable, Outline, Shape, outline, word

_SINGLE: Final = {
    0x00: "null",
    0x04: "paper_status_request",
    0x05: "status_request",
    0x07: "drawer_pulse",
    0x09: "horizontal_tab",
    0x0A: "line_feed",
    0x0B: "vertical_tab",
    0x0C: "form_feed",
    0x0D: "carriage_return",
    0x0E: "double_wide_on",
    0x0F: "upside_down_on",
    0x11: "select",
    0x12: "upside_down_off",
    0x13: "deselect",
    0x14: "double_wide_off",
    0x17: "update_etb_status",
    0x18: "cancel",
    0x19: "drawer_2_pulse_at_once",
    0x1A: "drawer_2_pulse",
    0x1C: "drawer_pulse_at_once",
    0x1E: "end_of_barcode",
}

_ESC: Final = {
    b"@": Shape("initialize"),
    b"E": Shape("bold_on"),
    b"F": Shape("bold_off"),
    b"-": Shape("underline", 1),
    b"_": Shape("upperline", 1),
    b"4": Shape("inverse_or_red_on"),
    b"5": Shape("inverse_or_red_off"),
    b"W": Shape("width", 1),
    b"h": Shape("height", 1),
    b"i": Shape("size", 2),
    b"\x0e": Shape("double_high_on"),
    b"\x14": Shape("double_high_off"),
    b"M": Shape("font_12_dots"),
    b"p": Shape("font_14_dots"),
    b"P": Shape("font_15_dots"),
    b":": Shape("font_16_dots"),
    b"g": Shape("font_18_dots"),
    b"R": Shape("international_characters", 1),
    b"/": Shape("slash_zero", 1),
    b" ": Shape("character_space", 1),
    b"%": Shape("downloaded_characters", 1),
    b"&": Shape("download_character", 3, more=lambda p: 48 if p[1] % 48 == 1 else 0),
    b"a": Shape("feed_lines", 1),
    b"d": Shape("cut", 1),
    b"J": Shape("feed", 1),
    b"I": Shape("feed_half", 1),
    b"0": Shape("line_spacing_3_mm"),
    b"1": Shape("line_spacing_7_72"),
    b"2": Shape("line_spacing_set"),
    b"3": Shape("line_spacing_216", 1),
    b"A": Shape("line_spacing_72", 1),
    b"y": Shape("line_spacing_144", 1),
    b"z": Shape("line_spacing", 1),
    b"C": Shape("page_length", 1, more=lambda p: 1 if p[0] == 0 else 0),
    b"N": Shape("bottom_margin", 1),
    b"O": Shape("bottom_margin_off"),
    b"l": Shape("left_margin", 1),
    b"Q": Shape("right_margin", 1),
    b"D": Shape("horizontal_tabs", end=b"\x00"),
    b"B": Shape("vertical_tabs", end=b"\x00"),
    b"K": Shape("bit_image_8_dots", 2, lambda p: p[0]),
    b"L": Shape("bit_image_8_dots_fine", 2, lambda p: word(p, 0)),
    b"k": Shape("bit_image_24_lines", 2, lambda p: p[0] * 24),
    b"X": Shape("bit_image_24_dots", 2, lambda p: word(p, 0) * 3),
    b"b": Shape("barcode", 4, end=b"\x1e", is_text=True),
    b"s": Shape("presenter", 2),
    b"\x07": Shape("drawer_pulse_times", 2),
    b"\x06\x01": Shape("automatic_status_request"),
    b"\x06\x18": Shape("cancel_at_once", 1),
    b"\x0c": Shape("raster_page", 1),
    b"#": Shape("memory_switch_or_version", end=b"\n\x00", is_text=True),
    b"\x16": Shape("presenter_paper", 2),
    b"\x1cp": Shape("print_logo", 2),
    b"$": Shape("multibyte_mode", 1),
    b"q": Shape("multibyte_off"),
}

_ESC_GS: Final = {
    b"a": Shape("align", 1),
    b"t": Shape("code_page", 1),
    b"A": Shape("absolute_position", 2),
    b"R": Shape("relative_position", 2),
    b"=": Shape("blank_code_page", 2, lambda p: word(p, 0)),
    b"#": Shape("memory_switch", end=b"\n\x00", is_text=True),
    b"\x03": Shape("print_end_counter", 3),
    b"\x07": Shape("buzzer", 3),
    b"\x19\x11": Shape("buzzer_times", 3),
    b"\x19\x12": Shape("buzzer_sound", 3),
    b"S": Shape("raster_image", 6, lambda p: word(p, 1) * word(p, 3)),
    b"P0": Shape("page_mode_on"),
    b"P1": Shape("page_mode_off"),
    b"P2": Shape("page_direction", 1),
    b"P3": Shape("page_area", 8),
    b"P4": Shape("page_absolute_position", 2),
    b"P5": Shape("page_relative_position", 2),
    b"P6": Shape("page_print_and_keep"),
    b"P7": Shape("page_print"),
    b"P8": Shape("page_cancel"),
    b"xS0": Shape("pdf417_size", 3),
    b"xS1": Shape("pdf417_error_correction", 1),
    b"xS2": Shape("pdf417_module_width", 1),
    b"xS3": Shape("pdf417_module_aspect", 1),
    b"xD": Shape("pdf417_data", 2, lambda p: word(p, 0), is_text=True),
    b"xP": Shape("pdf417_print"),
    b"xI": Shape("pdf417_information"),
    b"yS0": Shape("qr_model", 1),
    b"yS1": Shape("qr_error_correction", 1),
    b"yS2": Shape("qr_cell_size", 1),
    b"yD1": Shape("qr_data", 3, lambda p: word(p, 1), is_text=True),
    b"yP": Shape("qr_print"),
    b"yI": Shape("qr_information"),
    b"/W": Shape("auto_logo_register"),
    b"/C": Shape("auto_logo_initialize"),
    b"/1": Shape("auto_logo", 1),
    b"/2": Shape("auto_logo_command_character", 1),
    b"/3": Shape("auto_logo_macro_1", 1),
    b"/4": Shape("auto_logo_macro_2", 1),
    b"/5": Shape("auto_logo_rewriting", 1),
    b"/6": Shape("auto_logo_partial_cut", 1),
    b"B1": Shape("barcode_reader_status_request"),
    b"B2": Shape("barcode_reader_data_request"),
    **{b")" + bytes((letter,)): Shape("extended", 2, lambda p: word(p, 0)) for letter in b"BFILPU"},
    b")I": Shape("printer_information", 2, lambda p: word(p, 0)),
}

_ESC_RS: Final = {
    b"a": Shape("automatic_status", 1),
    b"A": Shape("print_area", 1),
    b"C": Shape("colour_mode", 1),
    b"c": Shape("colour", 1),
    b"d": Shape("density", 1),
    b"E": Shape("clear_etb_counter", 1),
    b"F": Shape("font", 1),
    b"i": Shape("rotation", 1),
    b"L": Shape("print_logo_number", 1),
    b"r": Shape("speed", 1),
}

_RASTER: Final = {
    **{letter: Shape("raster_mode_" + name) for letter, name in ((b"A", "on"), (b"B", "off"), (b"C", "clear"))},
    **{letter: Shape("raster_" + name) for letter, name in ((b"R", "initialize"), (b"D", "drawer"))},
    **{
        letter: Shape("raster_setting", end=b"\x00", is_text=True)
        for letter in (b"E", b"F", b"K", b"P", b"Q", b"T", b"V", b"Y", b"ml", b"mr", b"N", b"t")
    },
}

_SHAPES: Final[dict[bytes, Shape]] = (
    {bytes((byte,)): Shape(name) for byte, name in _SINGLE.items()}
    | {b"\x1b" + key: shape for key, shape in _ESC.items()}
    | {b"\x1b\x1d" + key: shape for key, shape in _ESC_GS.items()}
    | {b"\x1b\x1e" + key: shape for key, shape in _ESC_RS.items()}
    | {b"\x1b*r" + key: shape for key, shape in _RASTER.items()}
)
STAR_COMMANDS: Final = CommandTable(_SHAPES)
STAR_RASTER_COMMANDS: Final = CommandTable(
    _SHAPES
    | {
        b"b": Shape("raster_row_and_feed", 2, lambda p: word(p, 0)),
        b"k": Shape("raster_row", 2, lambda p: word(p, 0)),
    }
)
"""Between ``ESC * r A`` and ``ESC * r B`` two letters are commands."""


_FEEDS: Final = frozenset({"line_feed", "feed_lines", "feed", "cut"})
_VISIBLE: Final = frozenset(
    {
        *("barcode", "qr_print", "pdf417_print", "raster_image", "print_logo"),
        *("bit_image_8_dots", "bit_image_8_dots_fine", "bit_image_24_lines", "bit_image_24_dots"),
    }
)


def star_outline(data: bytes) -> Outline:
    """Where the commands of a print end."""
    return outline(data, STAR_COMMANDS, _FEEDS, _VISIBLE)
