"""Finds what may be a payment card number, so that it is refused at the door instead of being stored."""

from __future__ import annotations

import re
from typing import Final

PAN_DIGITS_MIN: Final = 13
PAN_DIGITS_MAX: Final = 19
"""ISO/IEC 7812-1: primary account numbers in use have 13 to 19 digits."""

_GROUPS = re.compile(r"[0-9]+(?:[ -][0-9]+)*", re.ASCII)
_LONG_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){12,}", re.ASCII)


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 digits that pass the Luhn check stand in the text, alone or grouped by blanks or dashes."""
    for found in _GROUPS.finditer(text):
        groups = re.split("[ -]", found.group())
        for first in range(len(groups)):
            digits = ""
            for group in groups[first:]:
                digits += group
                if len(digits) > PAN_DIGITS_MAX:
                    break
                if len(digits) >= PAN_DIGITS_MIN and _passes_luhn(digits):
                    return True
    return False


def mask_long_digits(text: str) -> str:
    """For error messages: a run of 13 digits or more is never repeated to anybody."""
    return _LONG_DIGITS.sub("[digits]", text)


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B. A row of zeros is no card number."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and total > 0
