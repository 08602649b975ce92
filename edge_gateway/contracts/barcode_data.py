"""What a printed barcode can hold: names of symbologies, allowed characters and lengths, check digits."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from edge_gateway.contracts.check_digits import check_digit, is_digits

BARCODE_CHARACTERS_MAX = 80
"""Of one barcode; what fits the paper is checked again by the encoder, which knows its width."""


class Symbology(StrEnum):
    """Named as in the events of scanners."""

    EAN_13 = "ean_13"
    EAN_8 = "ean_8"
    UPC_A = "upc_a"
    CODE_128 = "code_128"
    CODE_39 = "code_39"
    ITF = "itf"


_BY_LETTERS = {symbology.replace("_", ""): symbology for symbology in Symbology} | {
    "interleaved2of5": Symbology.ITF,
    "jan13": Symbology.EAN_13,
    "jan8": Symbology.EAN_8,
}

_GS1_LENGTHS = {Symbology.EAN_13: 13, Symbology.EAN_8: 8, Symbology.UPC_A: 12}
_CODE_39 = re.compile(r"[0-9A-Z \-.$/+%]+")
_CODE_128 = re.compile(r"[ -~]+")


def canonical_symbology(value: Any) -> Any:
    """``EAN13``, ``ean-13`` and ``Ean 13`` are ``ean_13``; anything unknown is left for the model to refuse."""
    if not isinstance(value, str):
        return value
    return _BY_LETTERS.get(re.sub(r"[ _-]", "", value.lower()), value)


def barcode_problem(symbology: Symbology, data: str) -> str | None:
    """Why the data cannot be drawn in the symbology, for people; None if it can."""
    if symbology in _GS1_LENGTHS:
        return _gs1_problem(symbology, data, _GS1_LENGTHS[symbology])
    if symbology is Symbology.ITF:
        if not is_digits(data) or len(data) % 2:
            return f"{symbology} takes an even number of digits"
    elif symbology is Symbology.CODE_39:
        if not _CODE_39.fullmatch(data):
            return f"{symbology} takes digits, capital letters, space and -.$/+%"
    elif not _CODE_128.fullmatch(data):
        return f"{symbology} takes printable ASCII"
    return None


def _gs1_problem(symbology: Symbology, data: str, length: int) -> str | None:
    if not is_digits(data) or len(data) not in (length - 1, length):
        return f"{symbology} takes {length} digits, or {length - 1} without the check digit"
    if len(data) == length and int(data[-1]) != (expected := check_digit(data[:-1])):
        return f"check digit {data[-1]} is wrong, {expected} was expected"
    return None
