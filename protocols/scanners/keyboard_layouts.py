"""Keyboard layouts as data: what a key types under a layout. A new layout is one more entry of ``_ROWS``.

A row lists the keys of one row of the keyboard from the left, by Linux key code; each layout gives, row by row, the
characters without modifier, with Shift and with AltGr. ``\\x00``: the key types nothing there. Dead keys are entered as
the character they show, as scanners follow them with a space only in modes that nobody should use.
"""

from __future__ import annotations

from collections.abc import Mapping

KeyLevels = tuple[str, str, str]
"""Without modifier, with Shift, with AltGr; an empty string where the key types nothing."""

_KEYS = (
    (41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
    (16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27),
    (30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43),
    (86, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53),
)
"""Linux key codes (input-event-codes.h); 86 is the key between left Shift and Z of ISO keyboards."""

_N = "\x00"
_ROWS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "us": (
        ("`1234567890-=", "~!@#$%^&*()_+", ""),
        ("qwertyuiop[]", "QWERTYUIOP{}", ""),
        ("asdfghjkl;'\\", 'ASDFGHJKL:"|', ""),
        ("<zxcvbnm,./", ">ZXCVBNM<>?", ""),
    ),
    "uk": (
        ("`1234567890-=", '¬!"£$%^&*()_+', "¦" + 3 * _N + "€"),
        ("qwertyuiop[]", "QWERTYUIOP{}", 2 * _N + "é" + 3 * _N + "úíó"),
        ("asdfghjkl;'#", "ASDFGHJKL:@~", "á"),
        ("\\zxcvbnm,./", "|ZXCVBNM<>?", ""),
    ),
    "de": (
        ("^1234567890ß´", '°!"§$%&/()=?`', 2 * _N + "²³" + 3 * _N + "{[]}\\"),
        ("qwertzuiopü+", "QWERTZUIOPÜ*", "@" + _N + "€" + 8 * _N + "~"),
        ("asdfghjklöä#", "ASDFGHJKLÖÄ'", ""),
        ("<yxcvbnm,.-", ">YXCVBNM;:_", "|" + 6 * _N + "µ"),
    ),
    "fr": (
        ("²&é\"'(-è_çà)=", _N + "1234567890°+", 2 * _N + "~#{[|`\\^@]}"),
        ("azertyuiop^$", "AZERTYUIOP¨£", 2 * _N + "€" + 8 * _N + "¤"),
        ("qsdfghjklmù*", "QSDFGHJKLM%µ", ""),
        ("<wxcvbn,;:!", ">WXCVBN?./§", ""),
    ),
}

SPACE = 57
KEYPAD: Mapping[int, str] = {
    71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2", 81: "3", 82: "0",
    83: ".", 55: "*", 98: "/",
}  # fmt: skip
"""The keypad types the same under every layout (scanners take Num Lock as on)."""


def _layout(rows: tuple[tuple[str, str, str], ...]) -> Mapping[int, KeyLevels]:
    levels: dict[int, KeyLevels] = {SPACE: (" ", " ", " ")}
    for keys, (plain, shifted, third) in zip(_KEYS, rows, strict=True):
        for position, key in enumerate(keys):
            base, shift, altgr = (row[position : position + 1].strip(_N) for row in (plain, shifted, third))
            levels[key] = (base, shift, altgr)
    return levels


LAYOUTS: Mapping[str, Mapping[int, KeyLevels]] = {name: _layout(rows) for name, rows in _ROWS.items()}
"""Layout name to key code to what the key types."""
