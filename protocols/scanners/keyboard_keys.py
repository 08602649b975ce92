"""Keys that are the same under every layout, by Linux key code (input-event-codes.h)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

GsKey = Literal["none", "f8", "f12"]

CAPS_LOCK = 58
LEFT_ALT, ALT_GR = 56, 100
CTRL = frozenset({29, 97})
SHIFT = frozenset({42, 54})
MODIFIERS = frozenset({*CTRL, *SHIFT, LEFT_ALT, ALT_GR, 125, 126})

FIXED: Mapping[int, str] = {28: "\r", 96: "\r", 15: "\t", 1: "\x1b", 14: "\x08"}
"""Enter, keypad Enter, Tab, Escape, Backspace."""

FUNCTION_KEYS: Mapping[GsKey, int | None] = {"none": None, "f8": 66, "f12": 88}

_LOCKS = {69, 70}
"""Num Lock and Scroll Lock: some scanners press them around a read."""
TYPING_KEYS = frozenset({*range(1, 112), 117, 118, 121, 122, 123, 124, *range(183, 195)} - _LOCKS - MODIFIERS)
"""Keys that type, or stand for something in some mode of a scanner (F1 to F24). A key beyond them (volume, power: the
consumer control that many scanners have too) types nothing and cannot be part of a read."""

_CONTROL_BY_POSITION = {3: "\x00", 7: "\x1e", 12: "\x1f", 26: "\x1b", 27: "\x1d", 43: "\x1c"}
"""Ctrl with 2, 6, -, [, ] and \\ of a US keyboard: scanners mean the position, also where another country has something
else there. (Zebra product reference guides, ASCII character set: GS is Ctrl ], RS Ctrl 6, US Ctrl -.)"""


def control_character(key: int, plain: str, shifted: str = "") -> str:
    """Ctrl and a key: the control character, by what the key types, else by where it is. Empty where there is none."""
    if len(plain) == 1 and ("a" <= plain <= "z" or plain in "[\\]"):
        return chr(ord(plain) & 0x1F)
    if key in _CONTROL_BY_POSITION:
        return _CONTROL_BY_POSITION[key]
    return chr(ord(shifted) & 0x1F) if len(shifted) == 1 and shifted in "@^_" else ""
