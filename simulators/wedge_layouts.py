"""What a keyboard-wedge scanner types under each country setting; written down from keyboards, not from the codec.

A stroke is a chord of Linux key codes, the key itself last. A character is one stroke, or two where a dead key and the
key after it make it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

LEFT_SHIFT, ALT_GR, SPACE = 42, 100, 57

Stroke = tuple[int, ...]
Strokes = tuple[Stroke, ...]

_MODIFIERS: tuple[Stroke, ...] = ((), (LEFT_SHIFT,), (ALT_GR,), (LEFT_SHIFT, ALT_GR))
_COMBINING = {"`": "\u0300", "´": "\u0301", "^": "\u0302", "~": "\u0303", "¨": "\u0308"}
_VOWELS, _TAKES_TILDE = "aeiouAEIOU", "anoANO"
_NOTHING = "\0"

_LETTERS = {
    16: "qQ", 17: "wW", 18: "eE", 19: "rR", 20: "tT", 21: "yY", 22: "uU", 23: "iI", 24: "oO", 25: "pP", 30: "aA",
    31: "sS", 32: "dD", 33: "fF", 34: "gG", 35: "hH", 36: "jJ", 37: "kK", 38: "lL", 44: "zZ", 45: "xX", 46: "cC",
    47: "vV", 48: "bB", 49: "nN", 50: "mM",
}  # fmt: skip
_US = {
    2: "1!", 3: "2@", 4: "3#", 5: "4$", 6: "5%", 7: "6^", 8: "7&", 9: "8*", 10: "9(", 11: "0)", 12: "-_", 13: "=+",
    26: "[{", 27: "]}", 39: ";:", 40: "'\"", 41: "`~", 43: "\\|", 51: ",<", 52: ".>", 53: "/?",
}  # fmt: skip
_UK = {**_US, 3: '2"', 4: "3£", 5: "4$€", 40: "'@", 41: "`¬¦", 43: "#~", 86: "\\|"}
_DE = {
    2: "1!", 3: '2"²', 4: "3§³", 5: "4$", 6: "5%", 7: "6&", 8: "7/{", 9: "8([", 10: "9)]", 11: "0=}", 12: "ß?\\",
    18: "eE€", 26: "üÜ", 27: "+*~", 39: "öÖ", 40: "äÄ", 41: "\0°", 43: "#'", 51: ",;", 52: ".:", 53: "-_", 86: "<>|",
    16: "qQ@", 21: "zZ", 44: "yY", 50: "mMµ",
}  # fmt: skip
_FR = {
    2: "&1", 3: "é2", 4: '"3#', 5: "'4{", 6: "(5[", 7: "-6|", 8: "è7", 9: "_8\\", 10: "ç9^", 11: "à0@", 12: ")°]",
    13: "=+}", 16: "aA", 18: "eE€", 30: "qQ", 17: "zZ", 44: "wW", 39: "mM", 50: ",?", 51: ";.", 52: ":/", 53: "!§",
    40: "ù%", 43: "*µ", 27: "$£¤", 86: "<>", 41: "²",
}  # fmt: skip
_IT = {
    2: "1!", 3: '2"', 4: "3£", 5: "4$", 6: "5%", 7: "6&", 8: "7/", 9: "8(", 10: "9)", 11: "0=", 12: "'?", 13: "ì^",
    18: "eE€", 26: "èé[{", 27: "+*]}", 39: "òç@", 40: "à°#", 41: "\\|", 43: "ù§", 51: ",;", 52: ".:", 53: "-_",
    86: "<>",
}  # fmt: skip
_ES = {
    2: "1!|", 3: '2"@', 4: "3·#", 5: "4$", 6: "5%", 7: "6&¬", 8: "7/", 9: "8(", 10: "9)", 11: "0=", 12: "'?", 13: "¡¿",
    18: "eE€", 27: "+*]", 26: "\0\0[", 39: "ñÑ", 40: "\0\0{", 41: "ºª\\", 43: "çÇ}", 51: ",;", 52: ".:", 53: "-_",
    86: "<>",
}  # fmt: skip
_NORDIC = {
    2: "1!", 3: '2"@', 4: "3#£", 5: "4¤$", 6: "5%", 7: "6&", 8: "7/{", 9: "8([", 10: "9)]", 11: "0=}", 12: "+?",
    18: "eE€", 26: "åÅ", 43: "'*", 50: "mMµ", 51: ",;", 52: ".:", 53: "-_", 86: "<>",
}  # fmt: skip
_SE = {**_NORDIC, 12: "+?\\", 39: "öÖ", 40: "äÄ", 41: "§½", 86: "<>|"}
_NO = {**_NORDIC, 13: "\\", 39: "øØ", 40: "æÆ", 41: "|§"}
_DK = {**_NORDIC, 13: "\0\0|", 39: "æÆ", 40: "øØ", 41: "½§", 86: "<>\\"}

_DEAD_NORDIC: Mapping[str, Stroke] = {
    "´": (13,), "`": (LEFT_SHIFT, 13), "¨": (27,), "^": (LEFT_SHIFT, 27), "~": (ALT_GR, 27),
}  # fmt: skip
_DEAD: Mapping[str, Mapping[str, Stroke]] = {
    "de": {"^": (41,), "´": (13,), "`": (LEFT_SHIFT, 13)},
    "fr": {"^": (26,), "¨": (LEFT_SHIFT, 26), "~": (ALT_GR, 3), "`": (ALT_GR, 8)},
    "es": {"`": (26,), "^": (LEFT_SHIFT, 26), "´": (40,), "¨": (LEFT_SHIFT, 40), "~": (ALT_GR, 5)},
    "se": _DEAD_NORDIC,
    "fi": _DEAD_NORDIC,
    "no": {**_DEAD_NORDIC, "´": (ALT_GR, 13)},
    "dk": _DEAD_NORDIC,
}


def _table(keys: Mapping[int, str], dead: Mapping[str, Stroke]) -> dict[str, Strokes]:
    """``2: "1!"``: key 2 types 1, with Shift !, then with AltGr, then with both; the first way to a character wins."""
    strokes: dict[str, Strokes] = {" ": ((SPACE,),)}
    for key, characters in keys.items():
        for character, modifiers in zip(characters, _MODIFIERS, strict=False):
            if character != _NOTHING:
                strokes.setdefault(character, ((*modifiers, key),))
    for accent, stroke in dead.items():
        strokes.setdefault(accent, (stroke, (SPACE,)))
        for letter in _TAKES_TILDE if accent == "~" else _VOWELS:
            composed = unicodedata.normalize("NFC", letter + _COMBINING[accent])
            strokes.setdefault(composed, (stroke, *strokes[letter]))
    return strokes


_KEYS = {"us": _US, "uk": _UK, "de": _DE, "fr": _FR, "it": _IT, "es": _ES, "se": _SE, "fi": _SE, "no": _NO, "dk": _DK}
LAYOUTS: Mapping[str, Mapping[str, Strokes]] = {
    name: _table({**_LETTERS, **keys}, _DEAD.get(name, {})) for name, keys in _KEYS.items()
}
"""Country setting to character to the strokes that type it."""


def letter_keys(strokes: Mapping[str, Strokes]) -> frozenset[int]:
    """The keys that Caps Lock works on: those that type a letter and, with Shift, the same one as a capital."""
    return frozenset(
        typed[0][0]
        for character, typed in strokes.items()
        if len(typed) == 1 and len(typed[0]) == 1 and character != character.upper()
        if strokes.get(character.upper()) == ((LEFT_SHIFT, typed[0][0]),)
    )
