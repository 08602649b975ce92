"""What a printed barcode can hold: names of symbologies, allowed characters and lengths, check digits."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

from edge_gateway.contracts.check_digits import check_digit, has_valid_check_digit, is_digits
from edge_gateway.contracts.element_string import element_string_problem

BARCODE_CHARACTERS_MAX = 80
"""Of one barcode; what fits the paper is checked again by the encoder, which knows its width."""


class Symbology(StrEnum):
    """Named as in the events of scanners; the kinds of GS1 DataBar apart, which a printer must know."""

    EAN_13 = "ean_13"
    EAN_8 = "ean_8"
    UPC_A = "upc_a"
    UPC_E = "upc_e"
    CODE_128 = "code_128"
    GS1_128 = "gs1_128"
    CODE_39 = "code_39"
    CODE_93 = "code_93"
    ITF = "itf"
    CODABAR = "codabar"
    GS1_DATABAR = "gs1_databar"
    GS1_DATABAR_TRUNCATED = "gs1_databar_truncated"
    GS1_DATABAR_LIMITED = "gs1_databar_limited"
    GS1_DATABAR_EXPANDED = "gs1_databar_expanded"


ELEMENT_STRINGS: Final = frozenset({Symbology.GS1_128, Symbology.GS1_DATABAR_EXPANDED})
"""Hold GS1 element strings, written with brackets."""

_BY_LETTERS = {symbology.replace("_", ""): symbology for symbology in Symbology} | {
    "interleaved2of5": Symbology.ITF,
    "jan13": Symbology.EAN_13,
    "jan8": Symbology.EAN_8,
    "ean128": Symbology.GS1_128,
    "nw7": Symbology.CODABAR,
    "databar": Symbology.GS1_DATABAR,
}

_GS1_LENGTHS = {Symbology.EAN_13: 13, Symbology.EAN_8: 8, Symbology.UPC_A: 12} | dict.fromkeys(
    (Symbology.GS1_DATABAR, Symbology.GS1_DATABAR_TRUNCATED, Symbology.GS1_DATABAR_LIMITED), 14
)
_CHARACTERS: Final = {
    Symbology.CODE_39: (re.compile(r"[0-9A-Z \-.$/+%]+"), "digits, capital letters, space and -.$/+%"),
    Symbology.CODABAR: (
        re.compile(r"[A-D][0-9\-$:/.+]+[A-D]|[a-d][0-9\-$:/.+]+[a-d]"),
        "digits and -$:/.+ between two of the letters A to D",
    ),
}
_PRINTABLE = (re.compile(r"[ -~]+"), "printable ASCII")


def canonical_symbology(value: Any) -> Any:
    """``EAN13``, ``ean-13`` and ``Ean 13`` are ``ean_13``; anything unknown is left for the model to refuse."""
    if not isinstance(value, str):
        return value
    return _BY_LETTERS.get(re.sub(r"[ _-]", "", value.lower()), value)


def barcode_problem(symbology: Symbology, data: str) -> str | None:
    """Why the data cannot be drawn in the symbology, for people; None if it can."""
    if symbology in _GS1_LENGTHS:
        return _gs1_problem(symbology, data, _GS1_LENGTHS[symbology])
    if symbology is Symbology.UPC_E:
        return _upc_e_problem(data)
    if symbology in ELEMENT_STRINGS:
        return element_string_problem(data)
    if symbology is Symbology.ITF:
        return None if is_digits(data) and len(data) % 2 == 0 else f"{symbology} takes an even number of digits"
    pattern, expected = _CHARACTERS.get(symbology, _PRINTABLE)
    return None if pattern.fullmatch(data) else f"{symbology} takes {expected}"


def upc_a_of(upc_e: str) -> str:
    """The eleven digits that the six of a UPC-E stand for (General Specifications 5.2.2.4.2), number system 0."""
    d = upc_e
    match d[5]:
        case "0" | "1" | "2":
            return f"0{d[:2]}{d[5]}0000{d[2:5]}"
        case "3":
            return f"0{d[:3]}00000{d[3:5]}"
        case "4":
            return f"0{d[:4]}00000{d[4]}"
        case _:
            return f"0{d[:5]}0000{d[5]}"


def _gs1_problem(symbology: Symbology, data: str, length: int) -> str | None:
    if not is_digits(data) or len(data) not in (length - 1, length):
        return f"{symbology} takes {length} digits, or {length - 1} without the check digit"
    if len(data) == length and not has_valid_check_digit(data):
        return f"check digit {data[-1]} is wrong, {check_digit(data[:-1])} was expected"
    if symbology is Symbology.GS1_DATABAR_LIMITED and data[0] not in "01":
        return f"{symbology} takes numbers that begin with 0 or 1"
    return None


def _upc_e_problem(data: str) -> str | None:
    if not is_digits(data) or not 6 <= len(data) <= 8 or (len(data) > 6 and data[0] != "0"):
        return "upc_e takes 6 digits, or 0 and 6 digits, or these and the check digit"
    if len(data) == 8 and int(data[-1]) != (expected := check_digit(upc_a_of(data[1:7]))):
        return f"check digit {data[-1]} is wrong, {expected} was expected"
    return None
