"""The commands of ESC/POS as a host sends them: how each is found in a stream, and where it ends.

Source: Epson, "ESC/POS Command Reference"; what clones and older models know beside it (ESC i, ESC m, ESC B, FS p)
from receiptio, escpos-netprinter and escpos-php.
"""

from __future__ import annotations

from typing import Final

from protocols.printers.command_stream import CommandTable, Outline, Shape, outline, spelled, word

_SINGLE: Final = {
    0x00: "null",
    0x09: "horizontal_tab",
    0x0A: "line_feed",
    0x0C: "form_feed",
    0x0D: "carriage_return",
    0x18: "cancel_page",
}

_DLE: Final = {
    **{bytes((0x04, n)): Shape("real_time_status", command=f"DLE EOT {n}", number=n) for n in range(1, 5)},
    **{bytes((0x04, n)): Shape("real_time_status", 1, command=f"DLE EOT {n}", number=n) for n in (7, 8, 18)},
    b"\x04\x14": Shape("full_status_request", command="DLE EOT 20", number=20),
    b"\x05": Shape("real_time_request", 1),
    b"\x14\x01": Shape("real_time_drawer_pulse", 2, command="DLE DC4 1"),
    b"\x14\x02": Shape("power_off", 2, command="DLE DC4 2"),
    b"\x14\x03": Shape("real_time_buzzer", 5, command="DLE DC4 3"),
    b"\x14\x07": Shape("real_time_status_request", 1, command="DLE DC4 7"),
    b"\x14\x08": Shape("clear_buffer", 7, command="DLE DC4 8"),
}


def _bit_image_bytes(parameters: bytes) -> int:
    return word(parameters, 1) * (3 if parameters[0] in (32, 33) else 1)


_ESC: Final = {
    b"@": Shape("initialize"),
    b"!": Shape("print_mode", 1),
    b"E": Shape("bold", 1),
    b"G": Shape("double_strike", 1),
    b"-": Shape("underline", 1),
    b"4": Shape("italic", 1),
    b"M": Shape("font", 1),
    b"R": Shape("international_characters", 1),
    b"t": Shape("code_page", 1),
    b"a": Shape("align", 1),
    b"d": Shape("feed_lines", 1),
    b"e": Shape("feed_lines_back", 1),
    b"J": Shape("feed", 1),
    b"K": Shape("feed_back", 1),
    b"2": Shape("line_spacing_default"),
    b"3": Shape("line_spacing", 1),
    b" ": Shape("character_space", 1),
    b"$": Shape("absolute_position", 2),
    b"\\": Shape("relative_position", 2),
    b"D": Shape("horizontal_tabs", end=b"\x00"),
    b"V": Shape("rotation", 1),
    b"{": Shape("upside_down", 1),
    b"U": Shape("one_direction", 1),
    b"r": Shape("colour", 1),
    b"p": Shape("drawer_pulse", 3),
    b"i": Shape("cut_full"),
    b"m": Shape("cut_partial"),
    b"B": Shape("buzzer", 2),
    b"*": Shape("bit_image", 3, _bit_image_bytes),
    b"=": Shape("select_peripheral", 1),
    b"L": Shape("page_mode"),
    b"S": Shape("standard_mode"),
    b"T": Shape("page_direction", 1),
    b"W": Shape("page_area", 8),
    b"\x0c": Shape("print_page"),
    b"%": Shape("user_characters", 1),
    b"?": Shape("cancel_user_character", 1),
    b"c3": Shape("paper_end_sensors", 1),
    b"c4": Shape("stop_sensors", 1),
    b"c5": Shape("panel_buttons", 1),
    b"c0": Shape("paper_type", 1),
    b"c1": Shape("paper_type_setting", 1),
    b"q": Shape("release"),
    b"F": Shape("return_home_or_release", 0),
    b"<": Shape("return_home"),
    b"u": Shape("peripheral_status", 1),
    b"v": Shape("paper_status_request"),
    b"\x06": Shape("star_status", 1),
}

_GS: Final = {
    b"!": Shape("size", 1),
    b"B": Shape("reverse", 1),
    b"b": Shape("smoothing", 1),
    b"H": Shape("barcode_text_position", 1),
    b"f": Shape("barcode_text_font", 1),
    b"h": Shape("barcode_height", 1),
    b"w": Shape("barcode_width", 1),
    b"L": Shape("left_margin", 2),
    b"W": Shape("print_width", 2),
    b"P": Shape("motion_units", 2),
    b"$": Shape("absolute_vertical_position", 2),
    b"\\": Shape("relative_vertical_position", 2),
    b"T": Shape("line_start", 1),
    b":": Shape("macro"),
    b"^": Shape("macro_run", 3),
    b"/": Shape("print_downloaded_image", 1),
    b"*": Shape("download_image", 2, lambda p: p[0] * p[1] * 8),
    b"v0": Shape("raster_image", 5, lambda p: word(p, 1) * word(p, 3)),
    b"c": Shape("print_counter"),
    b"C0": Shape("counter_mode", 2),
    b"C1": Shape("counter_range", 6),
    b"C2": Shape("counter_value", 2),
    b"E": Shape("head_control", 1),
    b"I": Shape("transmit_printer_id", 1),
    b"a": Shape("enable_automatic_status", 1),
    b"j": Shape("enable_ink_status", 1),
    b"r": Shape("transmit_status", 1),
    b"z0": Shape("online_recovery_wait", 2),
    b"8L": Shape("graphics", 4, lambda p: int.from_bytes(p, "little"), command="GS 8 L"),
    **{b"V" + bytes((n,)): Shape("cut", command="GS V", number=n) for n in (0, 1, 48, 49)},
    **{b"V" + bytes((n,)): Shape("feed_and_cut", 1, command="GS V", number=n) for n in (65, 66, 97, 98, 103, 104)},
    **{b"k" + bytes((n,)): Shape("barcode", end=b"\x00", is_text=True, command="GS k", number=n) for n in range(7)},
    **{
        b"k" + bytes((n,)): Shape("barcode", 1, lambda p: p[0], is_text=True, command="GS k", number=n)
        for n in range(65, 80)
    },
    **{
        b"(" + bytes((letter,)): Shape("counted", 2, lambda p: word(p, 0), command=f"GS ( {chr(letter)}")
        for letter in b"ABCEFGMNPQTVYZz"
    },
    b"(L": Shape("graphics", 2, lambda p: word(p, 0), command="GS ( L"),
    b"(D": Shape("real_time_commands_enabled", 2, lambda p: word(p, 0), command="GS ( D"),
    b"(H": Shape("request_response", 2, lambda p: word(p, 0), command="GS ( H"),
    b"(K": Shape("print_control", 2, lambda p: word(p, 0), command="GS ( K"),
    b"(k": Shape("symbol", 2, lambda p: word(p, 0), is_text=True, command="GS ( k"),
}

_FS: Final = {
    b"&": Shape("kanji_on"),
    b".": Shape("kanji_off"),
    b"!": Shape("kanji_print_mode", 1),
    b"-": Shape("kanji_underline", 1),
    b"C": Shape("kanji_code_system", 1),
    b"S": Shape("kanji_character_space", 2),
    b"W": Shape("kanji_quadruple", 1),
    b"p": Shape("print_stored_image", 2),
    b"g1": Shape("write_memory", 7, lambda p: word(p, 5)),
    b"g2": Shape("read_memory", 7),
    b"2": Shape("user_kanji", 2, lambda p: 72),
    b"?": Shape("cancel_user_kanji", 2),
    **{
        b"(" + bytes((letter,)): Shape("counted", 2, lambda p: word(p, 0), command=f"FS ( {chr(letter)}")
        for letter in b"ACEFLe"
    },
}

ESCPOS_COMMANDS: Final = CommandTable(
    {bytes((byte,)): Shape(name) for byte, name in _SINGLE.items()}
    | {b"\x10" + key: shape for key, shape in _DLE.items()}
    | {b"\x1b" + key: shape for key, shape in _ESC.items()}
    | {b"\x1b(A": Shape("buzzer", 2, lambda p: word(p, 0), command="ESC ( A")}
    | {b"\x1d" + key: shape for key, shape in _GS.items()}
    | {b"\x1c" + key: shape for key, shape in _FS.items()}
)

COMMAND_NAMES: Final = frozenset(shape.command or spelled(prefix) for prefix, shape in ESCPOS_COMMANDS.shapes.items())
"""Every command as manuals write it."""

_FEEDS: Final = frozenset({"line_feed", "feed_lines", "feed", "feed_and_cut", "cut", "cut_full", "cut_partial"})
_VISIBLE: Final = frozenset({"raster_image", "bit_image", "barcode", "print_stored_image", "graphics", "symbol"})


def escpos_outline(data: bytes) -> Outline:
    """Where the commands of a print end."""
    return outline(data, ESCPOS_COMMANDS, _FEEDS, _VISIBLE)
