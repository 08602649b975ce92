"""Text in the code page of a display, with something near it for what that has not."""

from __future__ import annotations

import unicodedata
from typing import Final

REPLACEMENT: Final = "?"
_NEAR: Final = {
    **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    "\u00a0": " ",
    "\u202f": " ",
    "\u2022": "*",
    "\u2026": "...",
    "\u20ac": "EUR",
    "\u00a3": "GBP",
    "\u00a5": "JPY",
    "\u00df": "ss",
    "\u00d8": "O",
    "\u00f8": "o",
    "\u0141": "L",
    "\u0142": "l",
    "\u0130": "I",
    "\u0131": "i",
    "\u00c6": "AE",
    "\u00e6": "ae",
    "\u0152": "OE",
    "\u0153": "oe",
    "\u0110": "D",
    "\u0111": "d",
}


def encode_text(text: str, encoding: str) -> tuple[bytes, int]:
    """The bytes, none of which is a control code, and how many characters were replaced by ``?``.

    A character that the code page has not becomes one that reads nearly the same (a letter without its accent, EUR)
    where there is one: that is not counted.
    """
    encoded, replaced = bytearray(), 0
    for character in unicodedata.normalize("NFC", text):
        data = _encode(character, encoding)
        if data is None:
            replaced += 1
            data = REPLACEMENT.encode()
        encoded += data
    return bytes(encoded), replaced


def _encode(character: str, encoding: str) -> bytes | None:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return b" "
    if category in ("Cf", "Mn"):
        return b""
    near = _NEAR.get(character)
    bare = "".join(part for part in unicodedata.normalize("NFKD", character) if unicodedata.category(part) != "Mn")
    for candidate in (character, near, bare):
        if candidate and (data := _printable(candidate, encoding)) is not None:
            return data
    return None


def _printable(text: str, encoding: str) -> bytes | None:
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        return None
    # One byte to a column: of a multibyte code page only its single bytes are sure to be one column wide.
    return data if len(data) == len(text) and all(byte >= 0x20 and byte != 0x7F for byte in data) else None
