"""What a read bar code means: text, symbology, GTIN, application identifiers. The same for every kind of scanner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_gateway.contracts.check_digits import is_digits
from protocols.barcodes import gs1
from protocols.barcodes.aim import GS1_SYMBOLOGIES, UNKNOWN, ean_upc_by_length, symbology
from protocols.barcodes.gtin import expand_upc_e, is_restricted_circulation, normalised, upc_a_of_unlabelled
from protocols.scanners.code_ids import UPC_EAN

_EAN_UPC = frozenset({"ean_13", "upc_a", "ean_8", "upc_e", "ean_13_addon_2", "ean_13_addon_5"})


@dataclass(frozen=True, slots=True)
class Barcode:
    """``text``: without prefix, suffix and identifiers; None when the bytes are no text in the scanner's encoding.

    ``gtin``: 14 digits with a right check digit: of EAN/UPC, AI 01, ITF-14, or unlabelled digits of that shape.
    ``is_restricted_circulation``: the number is the store's own (weight, price, card), no item in the world.
    """

    text: str | None
    symbology: str = UNKNOWN
    gtin: str | None = None
    application_identifiers: Mapping[str, str] | None = None
    is_digital_link: bool = False
    is_restricted_circulation: bool = False

    def to_json(self) -> dict[str, Any]:
        """The contract's fields; flags only where they are true."""
        fields: dict[str, Any] = {
            "text": self.text,
            "symbology": self.symbology,
            "gtin": self.gtin,
            "application_identifiers": dict(self.application_identifiers) if self.application_identifiers else None,
        }
        if self.is_digital_link:
            fields["digital_link"] = True
        if self.is_restricted_circulation:
            fields["restricted_circulation"] = True
        return fields


def barcode_of(
    data: bytes, *, aim: str | None = None, symbology_by_code_id: str | None = None, encoding: str = "utf-8"
) -> Barcode:
    """The meaning of ``data``, which is without identifiers. Never raises on what a scanner sent."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return Barcode(None, symbology(aim, ""))
    kind = symbology(aim, text) if aim is not None else _by_code_id(symbology_by_code_id, text)
    link = gs1.digital_link(text)
    identifiers = link if link is not None else _application_identifiers(kind, text, is_labelled=aim is not None)
    gtin = gs1.gtin_of(identifiers) if identifiers and "01" in identifiers else _gtin(kind, text)
    return Barcode(
        text,
        kind,
        gtin,
        identifiers,
        is_digital_link=link is not None,
        is_restricted_circulation=gtin is not None and is_restricted_circulation(gtin),
    )


def _by_code_id(kind: str | None, text: str) -> str:
    if kind == UPC_EAN:
        return ean_upc_by_length(text)
    return kind or UNKNOWN


def _application_identifiers(kind: str, text: str, *, is_labelled: bool) -> gs1.ApplicationIdentifiers | None:
    """Only where the symbology is GS1's, or FNC1 leads: otherwise an EAN-13 such as 701103020185x gives bogus ones."""
    if kind in GS1_SYMBOLOGIES or (not is_labelled and text.startswith(gs1.GS)):
        return gs1.element_strings(text)
    if kind in _EAN_UPC and gs1.COMPOSITE in text:
        return gs1.element_strings(text.partition(gs1.COMPOSITE)[2])
    return None


def _gtin(kind: str, text: str) -> str | None:
    digits = text.partition(gs1.COMPOSITE)[0]
    if not is_digits(digits):
        return None
    if kind == "upc_e":
        return normalised(expand_upc_e(digits) or "")
    if kind in _EAN_UPC:
        return normalised(digits[:13])  # an add-on of two or five digits follows the thirteen
    if kind == UNKNOWN:
        return normalised(upc_a_of_unlabelled(digits) or digits)
    return normalised(digits) if kind == "itf" and len(digits) == 14 else None
