"""AIM symbology identifiers (ISO/IEC 15424): ``]cm`` in front of the data says which kind of bar code was read."""

from __future__ import annotations

import re

from edge_gateway.contracts.check_digits import has_valid_check_digit
from protocols.barcodes.gtin import expand_upc_e

UNKNOWN = "unknown"

_LENGTHS_WITH_ADD_ON = {
    15: ("ean_13", 2), 18: ("ean_13", 5), 14: ("upc_a", 2), 17: ("upc_a", 5), 10: ("ean_8", 2), 13: ("ean_8", 5),
}  # fmt: skip

_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")

_BY_CODE = {
    "A": "code_39",
    "B": "telepen",
    "C": "code_128",
    "D": "code_one",
    "F": "codabar",
    "G": "code_93",
    "H": "code_11",
    "I": "itf",
    "J": "dotcode",
    "K": "code_16k",
    "L": "pdf417",
    "M": "msi",
    "N": "anker",
    "O": "codablock",
    "P": "plessey",
    "Q": "qr_code",
    "R": "straight_2_of_5",
    "S": "industrial_2_of_5",
    "T": "code_49",
    "U": "maxicode",
    "X": "other",
    "Z": "no_barcode",
    "d": "datamatrix",
    "e": "gs1_databar",
    "h": "han_xin",
    "z": "aztec",
}
"""Code character to symbology. E (EAN/UPC) is not here: its symbology depends on the data."""

_BY_AIM = {
    "]C1": "gs1_128",
    "]J1": "gs1_dotcode",
    "]Q3": "gs1_qr_code",
    "]d2": "gs1_datamatrix",
    "]e1": "gs1_composite",
    "]e2": "gs1_composite",
    "]e3": "gs1_composite",
}
"""Identifiers whose modifier makes another symbology of it."""

GS1_SYMBOLOGIES = frozenset({"gs1_128", "gs1_databar", "gs1_datamatrix", "gs1_qr_code", "gs1_dotcode"})
"""Those whose data is GS1 element strings (]C1 ]e0 ]d2 ]Q3 ]J1)."""


def split_aim(data: bytes) -> tuple[str | None, bytes]:
    """``]E04006381333931`` as ``("]E0", b"4006381333931")``; None where no identifier with data behind it leads."""
    if len(data) > 3 and _AIM.match(data):
        return data[:3].decode("ascii"), data[3:]
    return None, data


def symbology(aim: str | None, text: str) -> str:
    """The name of the symbology, ``unknown`` without an identifier or for one that is not in the standard."""
    if aim is None:
        return UNKNOWN
    if aim[1] == "E":
        return _ean_upc(aim[2], text)
    return _BY_AIM.get(aim) or _BY_CODE.get(aim[1], UNKNOWN)


def ean_upc_by_length(text: str) -> str:
    """Which member of the EAN/UPC family the digits are: by length, and for 8 digits by check digit."""
    if len(text) == 8:
        # Eight digits under ]E0 or a common EAN/UPC code id are UPC-E unless only EAN-8 fits.
        return "ean_8" if expand_upc_e(text) is None and has_valid_check_digit(text) else "upc_e"
    return {13: "ean_13", 12: "upc_a", 7: "upc_e", 6: "upc_e"}.get(len(text), UNKNOWN)


def _with_add_on(text: str) -> str:
    """]E3 with 13 digits and an add-on, as the standard has it; scanners also leave UPC-A and EAN-8 at 12 and 8."""
    if len(text) == 13 and has_valid_check_digit(text):
        return "ean_13"
    base, add_on = _LENGTHS_WITH_ADD_ON.get(len(text), ("ean_13", 0))
    return f"{base}_addon_{add_on}" if add_on else base


def _ean_upc(modifier: str, text: str) -> str:
    """]E0 EAN-13, UPC-A, UPC-E; ]E1 and ]E2 an add-on alone; ]E3 with its add-on; ]E4 EAN-8.

    The standard has ]E0 carry 13 digits always; scanners also send 12 or 8.
    """
    if modifier == "4":
        return "ean_8"
    if modifier == "1":
        return "ean_addon_2"
    if modifier == "2":
        return "ean_addon_5"
    if modifier == "3":
        return _with_add_on(text)
    return ean_upc_by_length(text.partition("|")[0]) if modifier == "0" else UNKNOWN
