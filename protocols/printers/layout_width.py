"""How wide text is in cells of a fixed-width font, and which characters belong together.

Widths are those of terminals (Unicode UAX #11 as the library wcwidth has it): ideographs take two cells, combining
marks none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from wcwidth import wcwidth

KEPT_FORMAT_CHARACTERS: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")
"""Zero-width (non-)joiner, which shapes letters, and the three marks that direct them; others mean nothing on paper."""


def cleaned(text: str) -> str:
    """Composed (NFC), each kind of space a plain one, without characters that nobody sees. Newlines are kept."""
    return text if text.isascii() else "".join(map(_clean, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=4096)
def cells(character: str) -> int:
    """Of one character: 0, 1 or 2."""
    return max(0, wcwidth(character))


def clusters(text: str) -> Iterator[str]:
    """Each character with the marks that stand on it: what is never taken apart."""
    cluster = ""
    for character in text:
        if cluster and not is_mark(character):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def is_mark(character: str) -> bool:
    """It stands on, or changes, the character before it, and takes no cell of its own."""
    return character > "\u02ff" and cells(character) == 0


def _clean(character: str) -> str:
    match unicodedata.category(character):
        case "Zs" | "Zl" | "Zp":
            return " "
        case "Cf":
            return character if character in KEPT_FORMAT_CHARACTERS else ""
        case _:
            return character
