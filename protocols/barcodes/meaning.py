"""What a read bar code means: text, symbology, GTIN, application identifiers. The same for every kind of scanner."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_gateway.contracts.check_digits import is_digits
from edge_gateway.contracts.variable_measure import VariableMeasureTemplate
from protocols.barcodes import books, eci, gs1
from protocols.barcodes.aim import GS1_SYMBOLOGIES, UNKNOWN, ean_upc_by_length, symbology
from protocols.barcodes.coupons import Coupon, coupon_of
from protocols.barcodes.element_values import ElementValue, element_values
from protocols.barcodes.gtin import expand_upc_e, is_restricted_circulation, normalised, upc_a_of_unlabelled
from protocols.barcodes.variable_measure import VariableMeasure, read
from protocols.scanners.code_ids import UPC_EAN

_EAN_UPC = frozenset({"ean_13", "upc_a", "ean_8", "upc_e"})
_WITH_ADD_ON = re.compile(r"(ean_13|upc_a|ean_8|upc_e)_addon_([25])")


@dataclass(frozen=True, slots=True)
class Barcode:
    """``text``: without prefix, suffix and identifiers; None when the bytes are no text in the scanner's encoding.

    ``gtin``: 14 digits with a right check digit: of EAN/UPC, AI 01, ITF-14, or unlabelled digits of that shape.
    ``is_restricted_circulation``: the number is the store's own (weight, price, card), no item in the world.
    ``may_lack_separators``: element strings that seem to have run into each other, as the scanner does not send GS.
    """

    text: str | None
    symbology: str = UNKNOWN
    gtin: str | None = None
    application_identifiers: Mapping[str, str] | None = None
    is_digital_link: bool = False
    is_restricted_circulation: bool = False
    variable_measure: VariableMeasure | None = None
    element_values: Mapping[str, ElementValue] | None = None
    addon: str | None = None
    isbn: str | None = None
    issn: str | None = None
    coupon: Coupon | None = None
    may_lack_separators: bool = False

    def to_json(self) -> dict[str, Any]:
        """The contract's fields; beyond the first four only where they say something."""
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
        if self.variable_measure is not None:
            fields["variable_measure"] = _measure_json(self.variable_measure)
        if self.element_values:
            fields["element_values"] = {key: dict(value) for key, value in self.element_values.items()}
        numbers = {"addon": self.addon, "isbn": self.isbn, "issn": self.issn}
        fields |= {name: value for name, value in numbers.items() if value is not None}
        if self.coupon is not None:
            fields["coupon"] = {"kind": self.coupon.kind, **self.coupon.parts}
        if self.may_lack_separators:
            fields["may_lack_separators"] = True
        return fields


def barcode_of(
    data: bytes,
    *,
    aim: str | None = None,
    symbology_by_code_id: str | None = None,
    encoding: str = "utf-8",
    variable_measures: Sequence[VariableMeasureTemplate] = (),
) -> Barcode:
    """The meaning of ``data``, which is without identifiers. Never raises on what a scanner sent.

    ``variable_measures``: how this store's own numbers hold prices and weights.
    """
    text = _text(data, aim, encoding)
    if text is None:
        return Barcode(None, symbology(aim, ""))
    kind = symbology(aim, text) if aim is not None else _by_code_id(symbology_by_code_id, text)
    if is_digits(text) and kind not in GS1_SYMBOLOGIES:
        return _number(kind, text, variable_measures)
    return _structured(kind, text, variable_measures, is_labelled=aim is not None)


def _text(data: bytes, aim: str | None, encoding: str) -> str | None:
    if eci.is_escaped(data, aim):
        return eci.text_of(data, encoding)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _number(kind: str, text: str, templates: Sequence[VariableMeasureTemplate]) -> Barcode:
    """Digits alone, of a symbology that is none of GS1's element strings."""
    number, addon = text, None
    base = kind
    if (match := _WITH_ADD_ON.fullmatch(kind)) is not None and len(text) > int(match[2]):
        base, number, addon = match[1], text[: -int(match[2])], text[-int(match[2]) :]
    gtin = _gtin(base, number)
    is_own = gtin is not None and is_restricted_circulation(gtin)
    is_ean = gtin is not None and (base in _EAN_UPC or base in (UNKNOWN, "bookland"))
    retail = gtin[1:] if gtin is not None and is_ean and gtin[0] == "0" else ""
    is_bookland = base == "bookland"
    return Barcode(
        text,
        kind,
        gtin,
        is_restricted_circulation=is_own,
        variable_measure=read(gtin, templates) if gtin is not None and is_own and templates else None,
        addon=addon,
        isbn=books.isbn_13(retail or (number if is_bookland else "")),
        issn=books.issn(retail),
        coupon=coupon_of(retail, None) if retail and len(number) > 8 else None,
    )


def _structured(kind: str, text: str, templates: Sequence[VariableMeasureTemplate], *, is_labelled: bool) -> Barcode:
    """Text that may hold application identifiers: element strings, a Digital Link, the second part of a composite."""
    linear, is_composite, _ = text.partition(gs1.COMPOSITE)
    if is_composite and kind in _EAN_UPC:
        number = _number(kind, linear, templates)
        identifiers = gs1.element_strings(text.partition(gs1.COMPOSITE)[2])
        gtin, is_own, measure = number.gtin, number.is_restricted_circulation, number.variable_measure
        return Barcode(text, kind, gtin, identifiers, is_restricted_circulation=is_own, variable_measure=measure)
    link = gs1.digital_link(text)
    identifiers = link if link is not None else _element_strings(kind, text, is_labelled=is_labelled)
    gtin = gs1.gtin_of(identifiers) if identifiers and "01" in identifiers else None
    return Barcode(
        text,
        kind,
        gtin,
        identifiers,
        is_digital_link=link is not None,
        is_restricted_circulation=gtin is not None and is_restricted_circulation(gtin),
        element_values=element_values(identifiers) if identifiers else None,
        isbn=books.isbn_13(text) if kind == "bookland" else None,
        coupon=coupon_of("", identifiers) if identifiers else None,
        may_lack_separators=link is None and _may_lack_separators(kind, text),
    )


def _measure_json(measure: VariableMeasure) -> dict[str, Any]:
    fields = {name: getattr(measure, name) for name in ("price", "currency", "weight", "unit", "count")}
    told: dict[str, Any] = {"item_reference": measure.item_reference, "item_gtin": measure.item_gtin}
    told |= {name: value for name, value in fields.items() if value is not None}
    return told if measure.is_valid else {**told, "valid": False}


def _by_code_id(kind: str | None, text: str) -> str:
    if kind == UPC_EAN:
        return ean_upc_by_length(text)
    return kind or UNKNOWN


def _element_strings(kind: str, text: str, *, is_labelled: bool) -> gs1.ApplicationIdentifiers | None:
    """Only where the symbology is GS1's, or FNC1 leads: otherwise an EAN-13 such as 701103020185x gives bogus ones."""
    if kind in GS1_SYMBOLOGIES or (not is_labelled and text.startswith(gs1.GS)):
        return gs1.element_strings(text)
    return None


def _may_lack_separators(kind: str, text: str) -> bool:
    """Unlabelled text counts only where it begins as a trade item does: 01 and a GTIN whose check digit is right."""
    if kind not in GS1_SYMBOLOGIES and not (
        kind == UNKNOWN and text.startswith("01") and normalised(text[2:16]) is not None and len(text) > 16
    ):
        return False
    return gs1.may_lack_separators(text)


def _gtin(kind: str, digits: str) -> str | None:
    if kind == "upc_e":
        return normalised(expand_upc_e(digits) or "")
    if kind in _EAN_UPC or kind == "bookland":
        return normalised(digits) or (normalised(books.isbn_13(digits) or "") if kind == "bookland" else None)
    if kind == UNKNOWN:
        return normalised(upc_a_of_unlabelled(digits) or digits)
    return normalised(digits) if kind == "itf" and len(digits) == 14 else None
