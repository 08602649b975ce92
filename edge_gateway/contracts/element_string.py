"""GS1 element strings as people write them, ``(01)04006381333931(10)A1``, taken apart and checked.

Source: GS1 General Specifications, section 3 (application identifiers), 5.10.1 and figure 7.8.5-2 (fixed lengths),
figure 7.11-1 (character set 82). Only what makes a barcode unreadable is checked here; what a value means is not.
"""

from __future__ import annotations

import re
from typing import Final

from edge_gateway.contracts.check_digits import has_valid_check_digit, is_digits

_ELEMENT: Final = re.compile(r"\(([0-9]{2,4})\)([^()]+)")
_VALUE: Final = re.compile(r"[!\"%&'*+,\-./0-9:;<=>?A-Z_a-z]{1,90}")
"""Character set 82 without brackets: between them stands the identifier."""
_FIXED_LENGTHS: Final = {
    **dict.fromkeys(("00",), 18),
    **dict.fromkeys(("01", "02", "03"), 14),
    **dict.fromkeys(("11", "12", "13", "15", "16", "17", "18", "19"), 6),
    "04": 16,
    "20": 2,
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 6),
    "41": 13,
}
"""By the first two digits: values that need no FNC1 behind them."""
_HAVE_CHECK_DIGIT: Final = frozenset({"00", "01", "02", "03", "41"})


def element_strings(text: str) -> list[tuple[str, str]]:
    """Application identifiers and values in their order; empty for text of another form."""
    found = _ELEMENT.findall(text)
    return found if "".join(f"({ai}){value}" for ai, value in found) == text else []


def needs_separator(identifier: str) -> bool:
    """Whether FNC1 must stand behind its value where another element follows."""
    return identifier[:2] not in _FIXED_LENGTHS


def element_string_problem(text: str) -> str | None:
    """Why no barcode can hold this, for people; None if one can."""
    elements = element_strings(text)
    if not elements:
        return "GS1 data is written as (01)04006381333931(10)A1: each application identifier in brackets"
    for identifier, value in elements:
        if not _VALUE.fullmatch(value):
            return f"({identifier}) has characters that are not in GS1 character set 82, or more than 90"
        length = _FIXED_LENGTHS.get(identifier[:2])
        if length is not None and (len(value) != length or not is_digits(value)):
            return f"({identifier}) takes {length} digits"
        if identifier[:2] in _HAVE_CHECK_DIGIT and not has_valid_check_digit(value):
            return f"({identifier}) has a wrong check digit"
    return None
