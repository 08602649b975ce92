"""Text for a character printer: what its code page can show, how wide it is, where it breaks.

A cell is the width of one narrow character. In a single-byte code page each character is one byte and one cell; in GBK
and Shift JIS a wide character is two bytes and two cells: so the width of printable text is the length of its bytes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

REPLACEMENT: Final = "?"
RIGHT_GAP_CELLS: Final = 1
"""Between the left and the right text of a line."""
LEFT_CELLS_MIN: Final = 8
"""Narrowest wrapped left text; a right text that leaves less goes to lines of its own."""

_LOOK_ALIKES: Final = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201a": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2022": "*",
    "\u2026": "...",
}
"""Typographic characters that code pages lack, and what means the same to a reader."""


@dataclass(frozen=True, slots=True)
class PrintableText:
    """Text that encodes without error. ``replaced_count``: characters the code page lacks, printed as ``?``."""

    text: str
    replaced_count: int = 0


def printable(text: str, encoding: str) -> PrintableText:
    """What of the text a printer in this code page can show, newlines kept. No control character survives."""
    shown: list[str] = []
    replaced_count = 0
    for character in unicodedata.normalize("NFC", text):
        kept = character if character == "\n" else _shown(character, encoding)
        if kept is None:
            replaced_count += 1
            kept = REPLACEMENT
        shown.append(kept)
    return PrintableText("".join(shown), replaced_count)


def cells(text: str, encoding: str) -> int:
    """Width of printable text."""
    return len(text.encode(encoding))


def wrap(text: str, width: int, encoding: str) -> list[str]:
    """Lines of at most ``width`` cells (1 or more), broken at spaces, within a word only where it is too long."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        rest = paragraph.rstrip(" ")
        while cells(rest, encoding) > width:
            head = _head(rest, width, encoding)
            # A space right behind the head counts too: the head is then whole words.
            break_at = rest.rfind(" ", 1, len(head) + 1)
            if break_at > 0 and rest[:break_at].strip(" "):
                head = rest[:break_at]
            lines.append(head.rstrip(" "))
            rest = rest[len(head) :].lstrip(" ")
        lines.append(rest)
    return lines


def two_columns(left: str, right: str, width: int, encoding: str) -> list[str]:
    """The left text, wrapped beside the right one, which stands at the right edge of the last line."""
    right_cells = cells(right, encoding)
    room = width - right_cells - RIGHT_GAP_CELLS if right_cells else width
    if cells(left, encoding) <= room:
        lines = [left]
    elif room >= LEFT_CELLS_MIN:
        lines = wrap(left, room, encoding)
    else:
        pieces = wrap(right, width, encoding)
        return wrap(left, width, encoding) + [" " * (width - cells(piece, encoding)) + piece for piece in pieces]
    if right_cells:
        lines[-1] += " " * (width - cells(lines[-1], encoding) - right_cells) + right
    return lines


def _shown(character: str, encoding: str) -> str | None:
    """The character as the code page shows it, the empty text for an invisible one, None if it cannot be shown."""
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp"):
        return " "
    if category == "Cf":
        return ""
    if category in ("Cc", "Cs", "Co", "Cn"):
        return None
    for candidate in (character, _LOOK_ALIKES.get(character)):
        if candidate is not None and _is_encodable(candidate, encoding):
            return candidate
    return None


def _is_encodable(text: str, encoding: str) -> bool:
    try:
        encoded = text.encode(encoding)
    except UnicodeEncodeError:
        return False
    # A printer acts on what is below 20 hex, whatever a codec makes of it.
    return all(byte >= 0x20 and byte != 0x7F for byte in encoded)


def _head(text: str, width: int, encoding: str) -> str:
    """As many first characters as fit; at least one, so that wrapping always ends."""
    used = 0
    for index, character in enumerate(text):
        used += cells(character, encoding)
        if used > width:
            return text[: max(1, index)]
    return text
