"""Keyboard layouts as data: what a key types under a layout. A new layout is one more entry of ``_ROWS``.

A row lists the keys of one row of the keyboard from the left, by Linux key code; each layout gives, row by row, the
characters without modifier, with Shift, with AltGr, and with both. ``\\x00``: the key types nothing there. A dead key
is entered as the accent it puts on the next letter (``keyboard_dead_keys``).

Scanners are made for Windows, so its layouts are the model: as Microsoft's "Keyboard layouts" pages show kbdus, kbduk,
kbdgr, kbdfr, kbdit, kbdsp, kbdsw, kbdfi, kbdno, kbdda. Where xkeyboard-config has another character on the same key,
and Windows none, that one is entered too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from protocols.scanners.keyboard_dead_keys import ACUTE, CIRCUMFLEX, DIAERESIS, GRAVE, TILDE

Layout = Literal["us", "uk", "de", "fr", "it", "es", "se", "fi", "no", "dk"]

KeyLevels = tuple[str, str, str, str]
"""Without modifier, with Shift, with AltGr, with Shift and AltGr; an empty string where the key types nothing."""

_KEYS = (
    (41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
    (16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27),
    (30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43),
    (86, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53),
)
"""Linux key codes (input-event-codes.h); 86 is the key between left Shift and Z of ISO keyboards."""

_N = "\x00"
_ISO_SHIFTED_DIGITS = '!"#¤%&/()=?'
_SWEDISH = (
    (f"§1234567890+{ACUTE}", f"½{_ISO_SHIFTED_DIGITS}{GRAVE}", 2 * _N + "@£$€" + _N + "{[]}\\"),
    (f"qwertyuiopå{DIAERESIS}", f"QWERTYUIOPÅ{CIRCUMFLEX}", 2 * _N + "€" + 8 * _N + TILDE),
    ("asdfghjklöä'", "ASDFGHJKLÖÄ*"),
    ("<zxcvbnm,.-", ">ZXCVBNM;:_", "|" + 6 * _N + "µ"),
)
_ROWS: Mapping[Layout, tuple[tuple[str, ...], ...]] = {
    "us": (
        ("`1234567890-=", "~!@#$%^&*()_+"),
        ("qwertyuiop[]", "QWERTYUIOP{}"),
        ("asdfghjkl;'\\", 'ASDFGHJKL:"|'),
        ("<zxcvbnm,./", ">ZXCVBNM<>?"),
    ),
    "uk": (
        ("`1234567890-=", '¬!"£$%^&*()_+', "¦" + 3 * _N + "€"),
        ("qwertyuiop[]", "QWERTYUIOP{}", 2 * _N + "é" + 3 * _N + "úíó", 2 * _N + "É" + 3 * _N + "ÚÍÓ"),
        ("asdfghjkl;'#", "ASDFGHJKL:@~", "á", "Á"),
        ("\\zxcvbnm,./", "|ZXCVBNM<>?"),
    ),
    "de": (
        (f"{CIRCUMFLEX}1234567890ß{ACUTE}", f'°!"§$%&/()=?{GRAVE}', 2 * _N + "²³" + 3 * _N + "{[]}\\", 11 * _N + "ẞ"),
        ("qwertzuiopü+", "QWERTZUIOPÜ*", "@" + _N + "€" + 8 * _N + "~"),
        ("asdfghjklöä#", "ASDFGHJKLÖÄ'"),
        ("<yxcvbnm,.-", ">YXCVBNM;:_", "|" + 6 * _N + "µ"),
    ),
    "fr": (
        ("²&é\"'(-è_çà)=", _N + "1234567890°+", 2 * _N + f"{TILDE}#{{[|{GRAVE}\\^@]}}"),
        (f"azertyuiop{CIRCUMFLEX}$", f"AZERTYUIOP{DIAERESIS}£", 2 * _N + "€" + 8 * _N + "¤"),
        ("qsdfghjklmù*", "QSDFGHJKLM%µ"),
        ("<wxcvbn,;:!", ">WXCVBN?./§"),
    ),
    "it": (
        ("\\1234567890'ì", '|!"£$%&/()=?^', 5 * _N + "€" + 5 * _N + "`~"),
        ("qwertyuiopè+", "QWERTYUIOPé*", 2 * _N + "€" + 7 * _N + "[]", 10 * _N + "{}"),
        ("asdfghjklòàù", "ASDFGHJKLç°§", 9 * _N + "@#"),
        ("<zxcvbnm,.-", ">ZXCVBNM;:_"),
    ),
    "es": (
        ("º1234567890'¡", 'ª!"·$%&/()=?¿', f"\\|@#{TILDE}€¬"),
        (f"qwertyuiop{GRAVE}+", f"QWERTYUIOP{CIRCUMFLEX}*", 2 * _N + "€" + 7 * _N + "[]"),
        (f"asdfghjklñ{ACUTE}ç", f"ASDFGHJKLÑ{DIAERESIS}Ç", 10 * _N + "{}"),
        ("<zxcvbnm,.-", ">ZXCVBNM;:_"),
    ),
    "se": _SWEDISH,
    "fi": _SWEDISH,
    "no": (
        ("|1234567890+\\", f"§{_ISO_SHIFTED_DIGITS}{GRAVE}", 2 * _N + "@£$€" + _N + "{[]}" + _N + ACUTE),
        (f"qwertyuiopå{DIAERESIS}", f"QWERTYUIOPÅ{CIRCUMFLEX}", 2 * _N + "€" + 8 * _N + TILDE),
        ("asdfghjkløæ'", "ASDFGHJKLØÆ*"),
        ("<zxcvbnm,.-", ">ZXCVBNM;:_", 7 * _N + "µ"),
    ),
    "dk": (
        (f"½1234567890+{ACUTE}", f"§{_ISO_SHIFTED_DIGITS}{GRAVE}", 2 * _N + "@£$€" + _N + "{[]}" + _N + "|"),
        (f"qwertyuiopå{DIAERESIS}", f"QWERTYUIOPÅ{CIRCUMFLEX}", 2 * _N + "€" + 8 * _N + TILDE),
        ("asdfghjklæø'", "ASDFGHJKLÆØ*"),
        ("<zxcvbnm,.-", ">ZXCVBNM;:_", "\\" + 6 * _N + "µ"),
    ),
}

SPACE = 57
KEYPAD: Mapping[int, str] = {
    71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2", 81: "3", 82: "0",
    83: ".", 55: "*", 98: "/", 117: "=", 121: ",",
}  # fmt: skip
"""The keypad types the same under every layout (scanners take Num Lock as on)."""


def _layout(rows: tuple[tuple[str, ...], ...]) -> Mapping[int, KeyLevels]:
    levels: dict[int, KeyLevels] = {SPACE: (" ", " ", " ", " ")}
    for keys, texts in zip(_KEYS, rows, strict=True):
        padded = (*texts, "", "")
        for position, key in enumerate(keys):
            plain, shifted, third, fourth = (padded[level][position : position + 1].strip(_N) for level in range(4))
            levels[key] = (plain, shifted, third, fourth)
    return levels


LAYOUTS: Mapping[Layout, Mapping[int, KeyLevels]] = {name: _layout(rows) for name, rows in _ROWS.items()}
"""Layout name to key code to what the key types."""
