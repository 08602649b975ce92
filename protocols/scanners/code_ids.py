"""Vendors' code identifiers: one or three characters that some scanners put before the data, instead of AIM's.

Zebra "Code ID" (guide 72E-40451, DS457 guide appendix B), Honeywell "Code ID" (Xenon and Voyager guides, appendix A).
The same letter means other things at each vendor, and data may begin with any of them: only configuration can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

CodeIdTable = Literal["none", "zebra", "honeywell"]

UPC_EAN = "upc_ean"
"""Zebra's A is any EAN or UPC: the digits say which."""

ZEBRA: Mapping[str, str] = {
    "A": UPC_EAN,
    "B": "code_39",
    "C": "codabar",
    "D": "code_128",
    "E": "code_93",
    "F": "itf",
    "G": "straight_2_of_5",
    "H": "code_11",
    "J": "msi",
    "K": "gs1_128",
    "L": "bookland",
    "M": "trioptic_code_39",
    "N": "coupon",
    "R": "gs1_databar",
    "S": "matrix_2_of_5",
    "X": "pdf417",
    "z": "aztec",
    "P00": "datamatrix",
    "P01": "qr_code",
    "P0G": "gs1_datamatrix",
    "P0Q": "gs1_qr_code",
}

HONEYWELL: Mapping[str, str] = {
    "c": "upc_a",
    "E": "upc_e",
    "d": "ean_13",
    "D": "ean_8",
    "j": "code_128",
    "I": "gs1_128",
    "|": "gs1_128",
    "b": "code_39",
    "i": "code_93",
    "a": "codabar",
    "e": "itf",
    "s": "qr_code",
    "w": "datamatrix",
    "r": "pdf417",
    "R": "micropdf417",
    "y": "gs1_databar",
    "{": "gs1_databar",
    "}": "gs1_databar",
    "z": "aztec",
    "x": "maxicode",
    "h": "code_11",
    "g": "msi",
}

TABLES: Mapping[str, Mapping[str, str]] = {"none": {}, "zebra": ZEBRA, "honeywell": HONEYWELL}


def split_code_id(table: CodeIdTable, data: bytes) -> tuple[str | None, bytes]:
    """The identifier and the data behind it; None and all of the data where the table has no such identifier."""
    identifiers = TABLES[table]
    for length in (3, 1):
        identifier = data[:length].decode("latin-1")
        if len(data) > length and identifier in identifiers:
            return identifier, data[length:]
    return None, data
