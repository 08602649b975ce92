"""The commands of EPL2, for whoever takes apart what a host sends."""

from __future__ import annotations

import re
from typing import Final

from protocols.printers.label_commands import Language

_GRAPHIC: Final = re.compile(rb"GW\d+,\d+,(\d{1,4}),(\d{1,5}),")


def _binary(line: bytes) -> int | None:
    match = _GRAPHIC.fullmatch(line)
    return int(match[1]) * int(match[2]) if match else None


EPL: Final = Language(
    words={
        "A": "text",
        "B": "barcode",
        "b": "barcode_2d",
        "C": "counter",
        "D": "density",
        "EI": "soft_fonts",
        "FE": "end_form_store",
        "FI": "form_list",
        "FK": "delete_form",
        "FR": "retrieve_form",
        "FS": "store_form",
        "GG": "print_graphic",
        "GI": "graphic_list",
        "GK": "delete_graphic",
        "GM": "store_graphic",
        "GW": "graphic_write",
        "I": "character_set",
        "JB": "no_top_of_form_backup",
        "JF": "top_of_form_backup",
        "LE": "line_exclusive_or",
        "LO": "line",
        "LS": "diagonal_line",
        "LW": "line_white",
        "M": "memory_allocation",
        "N": "clear_buffer",
        "O": "options",
        "P": "print",
        "PA": "print_automatic",
        "Q": "label_length",
        "q": "label_width",
        "R": "reference_point",
        "r": "double_buffer",
        "S": "print_speed",
        "TD": "date_layout",
        "TS": "set_clock",
        "U": "configuration_print",
        "UA": "clear_error_or_status",
        "UB": "reset_error_reporting",
        "UE": "font_information",
        "UF": "form_information",
        "UG": "graphic_information",
        "UI": "prompts_host",
        "UM": "configuration_codes",
        "UN": "error_reporting_off",
        "UP": "code_page_prompts",
        "UQ": "configuration_inquiry",
        "US": "error_reporting_on",
        "V": "variable",
        "X": "box",
        "Y": "serial_port",
        "Z": "print_direction",
        "?": "variable_data",
        "^@": "reset",
        "^ee": "error_report",
        "eR": "error_character",
        "f": "cut_position",
        "i": "kanji_spacing",
        "o": "printer_options",
        "xa": "auto_sense",
    },
    immediate={},
    binary=_binary,
    queries=frozenset({"^ee", "UQ", "UE", "UF", "UG", "UI", "FI", "GI", "EI"}),
)
