"""The commands of TSPL, for whoever takes apart what a host sends."""

from __future__ import annotations

import re
from typing import Final

from protocols.printers.label_commands import Language

_BITMAP: Final = re.compile(rb"BITMAP\s+\d+,\d+,(\d{1,4}),(\d{1,5}),\d,")


def _binary(line: bytes) -> int | None:
    match = _BITMAP.fullmatch(line)
    return int(match[1]) * int(match[2]) if match else None


TSPL: Final = Language(
    words={
        "SIZE": "label_size",
        "GAP": "gap",
        "BLINE": "black_mark",
        "OFFSET": "offset",
        "SPEED": "print_speed",
        "DENSITY": "density",
        "DIRECTION": "direction",
        "REFERENCE": "reference_point",
        "SHIFT": "shift",
        "CODEPAGE": "code_page",
        "COUNTRY": "country",
        "CLS": "clear_buffer",
        "FEED": "feed",
        "BACKFEED": "back_feed",
        "FORMFEED": "form_feed",
        "HOME": "home",
        "CUT": "cut",
        "SET": "set",
        "PRINT": "print",
        "SOUND": "sound",
        "TEXT": "text",
        "BLOCK": "text_block",
        "BARCODE": "barcode",
        "QRCODE": "barcode_qr",
        "DMATRIX": "barcode_data_matrix",
        "PDF417": "barcode_pdf417",
        "BAR": "line",
        "BOX": "box",
        "BITMAP": "bitmap",
        "PUTBMP": "put_bitmap",
        "ERASE": "erase",
        "REVERSE": "reverse",
        "DOWNLOAD": "download",
        "EOP": "end_of_program",
        "KILL": "delete_file",
        "FILES": "file_list",
        "OUT": "output",
        "SELFTEST": "self_test",
        "INITIALPRINTER": "initialise",
        "~!T": "model",
        "~!I": "code_page_and_country",
        "~!@": "mileage",
        "~!A": "free_memory",
        "~!C": "real_time_clock",
        "~!D": "dump_mode",
        "~!E": "error_reporting",
        "~!F": "files",
    },
    immediate={
        b"\x1b!?": ("ESC ! ?", "status"),
        b"\x1b!S": ("ESC ! S", "extended_status"),
        b"\x1b!R": ("ESC ! R", "reset"),
        b"\x1b!C": ("ESC ! C", "restart_without_program"),
        b"\x1b!D": ("ESC ! D", "disable_immediate"),
        b"\x1b!O": ("ESC ! O", "cancel_pause"),
        b"\x1b!P": ("ESC ! P", "pause"),
        b"\x1b!Q": ("ESC ! Q", "disable_pause"),
        b"\x1b!F": ("ESC ! F", "feed"),
        b"\x1b!.": ("ESC ! .", "cancel_all"),
        b"\x1b!\x01": ("ESC ! 1", "status_with_model"),
    },
    binary=_binary,
    queries=frozenset({"ESC ! ?", "ESC ! S", "~!T", "~!I", "~!@", "~!A", "~!C", "~!F"}),
)
