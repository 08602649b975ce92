"""Dead keys: an accent that waits for its letter. Written as Unicode's combining characters.

As Windows does it: an accent and a letter that takes it make one character; an accent and a space are the accent alone;
an accent and anything else are both. A scanner that means ``^`` types the dead key and a space.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

GRAVE, ACUTE, CIRCUMFLEX, TILDE, DIAERESIS = "\u0300", "\u0301", "\u0302", "\u0303", "\u0308"

ALONE: Mapping[str, str] = {GRAVE: "`", ACUTE: "´", CIRCUMFLEX: "^", TILDE: "~", DIAERESIS: "¨"}
"""What a dead key types with a space behind it."""

_LETTERS = {
    GRAVE: "aeiouAEIOU",
    ACUTE: "aeiouyAEIOUY",
    CIRCUMFLEX: "aeiouAEIOU",
    TILDE: "anoANO",
    DIAERESIS: "aeiouyAEIOU",
}
"""The letters that take the accent on Western keyboards; Unicode knows more (ĉ), which no such keyboard types."""


def composed(accent: str, character: str) -> str:
    """What the dead key and the key after it type together: one character or two."""
    if character == " ":
        return ALONE[accent]
    if character in _LETTERS[accent]:
        return unicodedata.normalize("NFC", character + accent)
    return ALONE[accent] + ALONE.get(character, character)
