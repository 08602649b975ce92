"""Books and periodicals: ISBN (ISO 2108), ISSN (ISO 3297) and ISMN (ISO 10957) inside EAN-13."""

from __future__ import annotations

import re

from edge_gateway.contracts.check_digits import check_digit, has_valid_check_digit

_ISBN_10 = re.compile(r"[0-9]{9}[0-9Xx]")
_EAN_13_LENGTH = 13


def isbn_13(digits: str) -> str | None:
    """Of an EAN-13 that is an ISBN (978, and 979 but for the music of 9790), or of the ten-digit form."""
    if _ISBN_10.fullmatch(digits):
        payload = f"978{digits[:9]}"
        return f"{payload}{check_digit(payload)}" if digits.upper() == _with_modulo_11(digits[:9], 10) else None
    is_book = digits.startswith("978") or (digits.startswith("979") and not digits.startswith("9790"))
    return digits if is_book and len(digits) == _EAN_13_LENGTH and has_valid_check_digit(digits) else None


def isbn_10(digits: str) -> str | None:
    """The ten-digit form of an ISBN-13 that begins with 978, else None."""
    if not (digits.startswith("978") and len(digits) == _EAN_13_LENGTH and has_valid_check_digit(digits)):
        return None
    return _with_modulo_11(digits[3:12], 10)


def issn(digits: str) -> str | None:
    """``0317-8471`` of an EAN-13 that begins with 977, else None."""
    if not (digits.startswith("977") and len(digits) == _EAN_13_LENGTH and has_valid_check_digit(digits)):
        return None
    number = _with_modulo_11(digits[3:10], 8)
    return f"{number[:4]}-{number[4:]}"


def _with_modulo_11(payload: str, first_weight: int) -> str:
    remainder = -sum(int(digit) * (first_weight - place) for place, digit in enumerate(payload)) % 11
    return payload + ("X" if remainder == 10 else str(remainder))
