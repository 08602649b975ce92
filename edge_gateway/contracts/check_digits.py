"""The check digit of GS1 numbers (GTIN, SSCC, GLN), for whoever checks or makes one.

GS1 General Specifications 7.9: modulo 10, weights 3 and 1 from the right.
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = re.compile(r"[0-9]+")


def is_digits(text: str) -> bool:
    """ASCII digits only: ``str.isdigit`` also takes the digits of other scripts."""
    return _DIGITS.fullmatch(text) is not None


def check_digit(payload: str) -> int:
    """Of digits without their check digit."""
    total = sum(int(digit) * (3, 1)[position % 2] for position, digit in enumerate(reversed(payload)))
    return -total % 10


def has_valid_check_digit(digits: str) -> bool:
    """``digits`` ends with the check digit of the digits before it."""
    return len(digits) > 1 and is_digits(digits) and int(digits[-1]) == check_digit(digits[:-1])
