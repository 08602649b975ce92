"""The check digits of GS1 numbers, for whoever checks or makes one.

GS1 General Specifications 7.9. Of the whole number (GTIN, SSCC, GLN), 7.9.1: modulo 10, weights 3 and 1 from the right.
Of the measure inside a store's own number, 7.9.2 to 7.9.4: by tables of weighted products.
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


def measure_check_digit(measure: str) -> int:
    """Of 4 or 5 digits: General Specifications 7.9.3 and 7.9.4."""
    if len(measure) == 4:
        two, three, five = _TWO_MINUS, _THREE, _FIVE_MINUS
        return 3 * sum(row[int(d)] for row, d in zip((two, two, three, five), measure, strict=True)) % 10
    rows = (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS)
    return _FIVE_MINUS.index(-sum(row[int(digit)] for row, digit in zip(rows, measure, strict=True)) % 10)


_TWO_MINUS = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
_THREE = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
_FIVE_PLUS = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
_FIVE_MINUS = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)
"""Weighted products, by digit (General Specifications, figures 7.9.2-1 to 7.9.2-4)."""
