"""Bar code data by itself, by name: for looking at what a scanner sent, away from any scanner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edge_gateway.contracts.check_digits import check_digit, has_valid_check_digit, is_digits
from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.barcodes import gs1
from protocols.barcodes.aim import split_aim
from protocols.barcodes.gtin import (
    expand_upc_e,
    isbn10,
    normalised,
    upc_a_of_unlabelled,
)
from protocols.barcodes.meaning import Barcode, barcode_of
from protocols.decoding import Decodable, JsonEvent, Side, event_json

_BYTES_MAX = gs1.TEXT_CHARACTERS_MAX
_REJECTED_HEAD_BYTES = 64


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


@dataclass
class WholeDataCodec:
    """Collects one read up to the idle line, then parses it. Bounded: longer data is rejected."""

    parse: Callable[[bytes], CodecEvent]
    _buffer: bytearray = field(default_factory=bytearray)
    _length: int = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self._length += len(data)
        self._buffer += data[: max(0, _BYTES_MAX - len(self._buffer))]
        return ()

    def flush(self) -> Sequence[CodecEvent]:
        data, length = bytes(self._buffer), self._length
        self._buffer.clear()
        self._length = 0
        if length > _BYTES_MAX:
            return [FrameRejected("too_long", data[:_REJECTED_HEAD_BYTES], length)]
        return [self.parse(data)] if data else []


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
    return Gs1Parsed(text, aim, barcode, identifiers, None if is_understood else "no GS1 data")


def parse_ean_upc(data: bytes) -> CodecEvent:
    """Digits of an EAN or UPC, told by length and check digit."""
    _, rest = split_aim(data)
    text = rest.decode("latin-1").strip()
    if not is_digits(text):
        return EanUpcParsed(text, None, False)
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
        isbn13=text if name == "EAN-13" and text.startswith(("978", "979")) and has_valid_check_digit(text) else None,
        isbn10=isbn10(text),
    )


def describe(event: CodecEvent) -> JsonEvent:
    """GS1 data under the names ``ai``, ``digital_link``, ``composite``; else the default."""
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
    return {name: value for name, value in told.items() if value is not None}


PROTOCOLS = {
    "barcode/gs1": Decodable(
        device_to_host=Side(
            lambda: WholeDataCodec(parse_gs1),
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
            lambda: WholeDataCodec(parse_ean_upc), examples=(b"4006381333931", b"04252614"), is_self_synchronising=False
        ),
        describe=describe,
    ),
}
