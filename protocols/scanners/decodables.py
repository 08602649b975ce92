"""The scanners' protocols by name, and how a read is told: with the meaning of the bar code beside the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_gateway.contracts.check_digits import has_valid_check_digit
from edge_gateway.contracts.events import BarcodeRead, CodecEvent
from protocols.barcodes import gs1
from protocols.barcodes.gtin import expand_upc_e
from protocols.barcodes.meaning import barcode_of
from protocols.decoding import Decodable, JsonEvent, Side, escaped, event_json
from protocols.scanners.cipherlab_host import CipherLabHostCodec
from protocols.scanners.code_ids import TABLES, UPC_EAN, CodeIdTable, split_code_id
from protocols.scanners.keyboard_hid_boot import BootRead, KeyboardHidBootCodec
from protocols.scanners.keyboard_hid_boot_describe import describe_reports
from protocols.scanners.keyboard_text import DEFAULTS, KeyboardRead
from protocols.scanners.keyboard_wedge import RECORD, KeyboardWedgeCodec
from protocols.scanners.rs232_plain import Rs232PlainCodec

_LENGTHS = {UPC_EAN: (8, 12, 13), "bookland": (13,), "ean_13": (13,), "ean_8": (8,), "upc_a": (12,)}
"""Of the symbologies whose identifier can be told from data by the check digit that follows."""

_NAMES = {
    UPC_EAN: "UPC/EAN",
    "bookland": "Bookland",
    "ean_13": "EAN-13",
    "ean_8": "EAN-8",
    "upc_a": "UPC-A",
    "upc_e": "UPC-E",
    "gs1_128": "GS1-128",
    "gs1_databar": "DataBar",
    "gs1_datamatrix": "GS1 DM",
    "gs1_qr_code": "GS1 QR",
}
"""A guess is told by the name of the vendors' tables."""

_VENDORS: tuple[CodeIdTable, ...] = ("zebra", "honeywell")


@dataclass(frozen=True, slots=True)
class CodeIdGuess:
    """A vendor's identifier that nothing but the data suggests."""

    vendor: CodeIdTable
    code_id: str
    symbology: str
    data: bytes


def guess_code_id(data: bytes) -> CodeIdGuess | None:
    """The one vendor identifier after which the rest is a checked EAN/UPC or a GS1 message with its GTIN, else None.

    For people who look at unknown bytes. Never used on a live device: there, configuration says it.
    """
    guesses = [
        CodeIdGuess(vendor, code_id, TABLES[vendor][code_id], rest)
        for vendor in _VENDORS
        for code_id, rest in (split_code_id(vendor, data),)
        if code_id is not None and _confirms(TABLES[vendor][code_id], rest)
    ]
    return guesses[0] if len(guesses) == 1 else None


def describe(event: CodecEvent) -> JsonEvent:
    """A read with its meaning. ``data`` is without identifiers; ``raw`` only where it differs from it."""
    if not isinstance(event, BarcodeRead):
        return event_json(event)
    guess = guess_code_id(event.data) if event.aim is None and event.code_id is None else None
    data = guess.data if guess else event.data
    barcode = barcode_of(data, aim=event.aim, symbology_by_code_id=guess.symbology if guess else None)
    told: JsonEvent = {
        "event": "barcode_read",
        "data": data.decode("latin-1") if barcode.text is None else barcode.text,
        "aim": event.aim,
        **barcode.to_json(),
    }
    if event.raw != data:
        told["raw"] = event.raw.decode("latin-1")
    if isinstance(event, KeyboardRead):
        told |= {"layout": DEFAULTS.layout, "suffix": event.suffix, f"{DEFAULTS.layout}_layout": barcode.text}
        if barcode.text is not None and len(barcode.text) == 1:
            told["char"] = f"0x{ord(barcode.text):02X}"
    if isinstance(event, BootRead):
        told |= describe_reports(event)
    if guess:
        told |= {"code_id": guess.code_id, "vendor": guess.vendor, "is_code_id_certain": False}
        told["symbology"] = _NAMES[guess.symbology]
    return {name: value for name, value in told.items() if value is not None}


def _in_brief(event: JsonEvent) -> Any:
    """A read by its text."""
    return event["data"] if event["event"] == "barcode_read" else {"discard": escaped(event["data"])}


def _confirms(symbology: str, rest: bytes) -> bool:
    text = rest.decode("latin-1")
    if symbology in _LENGTHS:
        return len(text) in _LENGTHS[symbology] and has_valid_check_digit(text)
    if symbology == "upc_e":
        return len(text) == 8 and expand_upc_e(text) is not None
    if symbology not in _NAMES or not text.startswith("01"):
        return False
    identifiers = gs1.element_strings(text)
    return identifiers is not None and gs1.gtin_of(identifiers) is not None


def _reports(*usages: int) -> bytes:
    return b"".join(bytes((0, 0, usage, 0, 0, 0, 0, 0)) + bytes(8) for usage in usages)


def _records(*keys: int) -> bytes:
    time = (1_795_000_000, 123_456)
    return b"".join(RECORD.pack(*time, 1, key, value) + RECORD.pack(*time, 0, 0, 0) for key in keys for value in (1, 0))


PROTOCOLS = {
    "scanner/rs232-plain": Decodable(
        device_to_host=Side(
            Rs232PlainCodec,
            examples=(
                b"4006381333931\r\n",
                b"]E04006381333931\r",
                b"]C1010400638133393110ABC\x1d17261231\r\n",
                b"\x0296385074\x03",
                b"A4006381333931\t",
            ),
        ),
        host_to_device=Side(CipherLabHostCodec, examples=(b"#@109952\r",)),
        describe=describe,
        brief=_in_brief,
    ),
    "scanner/keyboard-hid-boot": Decodable(
        device_to_host=Side(
            KeyboardHidBootCodec,
            examples=(_reports(0x21, 0x25, 0x26, 0x28), _reports(0x1E, 0x58)),
            is_self_synchronising=False,
        ),
        describe=describe,
    ),
    "scanner/keyboard-wedge": Decodable(
        device_to_host=Side(KeyboardWedgeCodec, examples=(_records(5, 11, 11, 7, 28), _records(16, 3, 15))),
        describe=describe,
    ),
}
