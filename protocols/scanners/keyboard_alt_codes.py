"""Alt and digits of the keypad: how scanners type a character that the layout has no key for.

Windows: with a leading 0 the code is one of Windows-1252, else one of code page 437; Alt is released at the end. Codes
below 32 are the control character itself, which is what scanners mean (Windows would show a smiley).
"""

from __future__ import annotations

ALT_DIGITS_MAX = 4


class AltCodes:
    """Digits in, characters out. An empty character: a code that stands for none."""

    def __init__(self) -> None:
        self._digits = ""
        self._kept = ""

    @property
    def has_pending(self) -> bool:
        return bool(self._digits or self._kept)

    def digit(self, digit: str) -> None:
        """A digit of the keypad while Alt is held."""
        self._digits = (self._digits + digit)[: ALT_DIGITS_MAX + 1]

    def release(self) -> list[str]:
        """Alt was released. Some scanners press it anew for each digit: those are kept until they make a code."""
        digits, self._digits = self._digits, ""
        if len(digits) != 1:
            return [*self.end(), *([_character(digits)] if digits else [])]
        self._kept += digits
        is_whole = len(self._kept) == (ALT_DIGITS_MAX if self._kept[0] == "0" else ALT_DIGITS_MAX - 1)
        return self.end() if is_whole else []

    def end(self) -> list[str]:
        """Something else was typed: single digits that were kept are a code."""
        kept, self._kept = self._kept, ""
        return [_character(kept)] if kept else []

    def forget(self) -> None:
        self._digits = self._kept = ""


def _character(digits: str) -> str:
    code = int(digits)
    if len(digits) > ALT_DIGITS_MAX or not 0 < code < 256:
        return ""
    page = "cp1252" if digits[0] == "0" else "cp437"
    return chr(code) if code < 32 else bytes([code]).decode(page, "ignore")
