"""The code pages of Epson printers by their numbers (ESC t), and what bytes in one of them mean as text.

Source: Epson, "ESC/POS Command Reference", ESC t; the characters of TCVN-3 from escpos-printer-db. Other makers count
differently.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Final

CODE_PAGES: Final[Mapping[int, str]] = {
    0: "cp437",
    1: "cp932",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    11: "cp869",  # 851, of which 869 is the successor
    13: "cp857",
    14: "cp737",
    15: "iso8859_7",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
    21: "cp874",
    30: "tcvn-3-1",
    31: "tcvn-3-2",
    32: "cp720",
    33: "cp775",
    34: "cp855",
    35: "cp861",
    36: "cp862",
    37: "cp864",
    38: "cp869",
    39: "iso8859_2",
    40: "iso8859_15",
    44: "cp1125",
    45: "cp1250",
    46: "cp1251",
    47: "cp1253",
    48: "cp1254",
    49: "cp1255",
    50: "cp1256",
    51: "cp1257",
    52: "cp1258",
    53: "kz1048",
}
UNKNOWN_PAGE: Final = "latin-1"
"""What bytes are told in where nothing is known of the page: each has a character."""

_ASCII: Final = "".join(map(chr, range(0x80)))
_NOTHING: Final = "\ufffd"
_UPPER_ROWS: Final[Mapping[str, str]] = {
    "tcvn-3-1": ("        ăâêôơưđ      àảãáạ ằẳẵắ       ặầẩẫấậè ẻẽéẹềểễếệìỉ   ĩíịò ỏõóọồổỗốộờởỡớợù ủũúụừửữứựỳỷỹýỵ "),
    "tcvn-3-2": (" ĂÂ    Đ  ÊÔƠƯ       ÀẢÃÁẠ ẰẲẴẮ       ẶẦẨẪẤẬÈ ẺẼÉẸỀỂỄẾỆÌỈ   ĨÍỊÒ ỎÕÓỌỒỔỖỐỘỜỞỠỚỢÙ ỦŨÚỤỪỬỮỨỰỲỶỸÝỴ "),
}
"""From A0 on; a space stands for no character."""
_TABLES: Final = {name: _ASCII + _NOTHING * 32 + rows.replace(" ", _NOTHING) for name, rows in _UPPER_ROWS.items()}


def text_in(page: str, data: bytes) -> str:
    """What the bytes are in a page of ``CODE_PAGES``, or in a codec of Python."""
    if (table := _TABLES.get(page)) is not None:
        return codecs.charmap_decode(data, "replace", table)[0]
    return data.decode(page, "replace")
