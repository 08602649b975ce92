"""Bar code data by itself, by name: for looking at what a scanner sent, away from any scanner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_gateway.contracts.check_digits import check_digit, has_valid_check_digit, is_digits
from edge_gateway.contracts.events import CodecEvent
from protocols.barcodes import gs1
from protocols.barcodes.aim import split_aim
from protocols.barcodes.books import isbn_10, isbn_13, issn
from protocols.barcodes.coupons import coupon_of
from protocols.barcodes.element_values import element_values
from protocols.barcodes.gtin import expand_upc_e, normalised, upc_a_of_unlabelled
from protocols.barcodes.meaning import Barcode, barcode_of
from protocols.barcodes.whole_data import WholeDataCodec
from protocols.decoding import Decodable, JsonEvent, Side, event_json


@dataclass(frozen=True, slots=True)
class Gs1Parsed(CodecEvent):
    """One read. ``reason``: why it is no GS1 data; None where it is."""

    text: str
    aim: str | None
    barcode: Barcode
    application_identifiers: Mapping[str, str] | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class EanUpcParsed(CodecEvent):
    """``format``: EAN-13, EAN-8, UPC-A, UPC-E, GTIN-14; None where the digits are none of them."""

    text: str
    format: str | None
    is_valid: bool
    payload: str | None = None
    check_digit: int | None = None
    number_system: int | None = None
    upc_a: str | None = None
    gtin: str | None = None
    isbn13: str | None = None
    isbn10: str | None = None
    issn: str | None = None


def parse_gs1(data: bytes) -> CodecEvent:
    """Element strings, a Digital Link or a composite. Data without identifier is taken as element strings."""
    aim, rest = split_aim(data)
    barcode = barcode_of(rest, aim=aim)
    text = barcode.text if barcode.text is not None else rest.decode("latin-1")
    identifiers = barcode.application_identifiers
    if identifiers is None and aim is None:
        identifiers = gs1.element_strings(text)
    is_composite = gs1.COMPOSITE in text
    is_understood = identifiers is not None or (barcode.gtin is not None and not is_composite)
    return Gs1Parsed(text, aim, barcode, identifiers, None if is_understood else _why_not(text))


def _why_not(text: str) -> str:
    """A caret is how people write FNC1; a scanner sends GS, and no value may hold a caret (CSET 82)."""
    return "illegal caret / bad AI data" if "^" in text else "no GS1 data"


def parse_ean_upc(data: bytes) -> CodecEvent:
    """Digits of an EAN or UPC, told by length and check digit."""
    _, rest = split_aim(data)
    text = rest.decode("latin-1").strip()
    if not is_digits(text) or len(text) == 10:
        book = isbn_13(text)
        return EanUpcParsed(text, "ISBN-10" if book else None, book is not None, isbn13=book, isbn10=book and text)
    if upc_a := upc_a_of_unlabelled(text) if len(text) == 8 else expand_upc_e(text):
        system = int(upc_a[0])
        return EanUpcParsed(text, "UPC-E", True, upc_a[:-1], int(upc_a[-1]), system, upc_a, normalised(upc_a))
    name = {8: "EAN-8", 12: "UPC-A", 13: "EAN-13", 14: "GTIN-14"}.get(len(text))
    if name is None:
        return EanUpcParsed(text, None, False)
    return EanUpcParsed(
        text,
        name,
        has_valid_check_digit(text),
        payload=text[:-1],
        check_digit=check_digit(text[:-1]),
        number_system=int(text[0]) if name == "UPC-A" else None,
        upc_a=text if name == "UPC-A" else None,
        gtin=normalised(text),
        isbn13=isbn_13(text),
        isbn10=isbn_10(text),
        issn=issn(text),
    )


def describe(event: CodecEvent) -> JsonEvent:
    """GS1 data under the names ``ai``, ``digital_link``, ``composite``; else the default."""
    if isinstance(event, EanUpcParsed) and event.check_digit is not None:
        return event_json(event) | {"check": event.check_digit}
    if not isinstance(event, Gs1Parsed):
        return event_json(event)
    told: JsonEvent = {
        "event": "gs1_parsed",
        "text": event.text,
        "aim": event.aim,
        "symbology": event.barcode.symbology,
        "gtin": event.barcode.gtin or (gs1.gtin_of(event.application_identifiers or {})),
        "valid": event.reason is None,
        "digital_link": event.barcode.is_digital_link,
        "reason": event.reason,
    }
    linear, is_composite, _ = event.text.partition(gs1.COMPOSITE)
    if event.barcode.symbology == "ean_13":
        told["ean13"] = linear
    if is_composite and event.application_identifiers:
        told["composite"] = dict(event.application_identifiers)
    elif event.application_identifiers:
        told["ai"] = dict(event.application_identifiers)
        values = element_values(event.application_identifiers)
        told["element_values"] = {key: dict(value) for key, value in values.items()} or None
    if (coupon := coupon_of("", event.application_identifiers)) is not None:
        told["coupon"] = {"kind": coupon.kind, **coupon.parts}
    if event.barcode.may_lack_separators:
        told["may_lack_separators"] = True
    return {name: value for name, value in told.items() if value is not None}


PROTOCOLS = {
    "barcode/gs1": Decodable(
        device_to_host=Side(
            lambda: WholeDataCodec(lambda data: [parse_gs1(data)]),
            examples=(
                b"]C1010400638133393110ABC\x1d17261231",
                b"https://example.com/01/04006381333931/10/AB?17=261231",
            ),
            is_self_synchronising=False,
        ),
        describe=describe,
    ),
    "barcode/upc-ean": Decodable(
        device_to_host=Side(
            lambda: WholeDataCodec(lambda data: [parse_ean_upc(data)]),
            examples=(b"4006381333931", b"04252614"),
            is_self_synchronising=False,
        ),
        describe=describe,
    ),
}
