"""Numbers and cards that mean something only here: restricted circulation by country, driving licences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from edge_gateway.contracts.check_digits import is_digits
from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.barcodes import aamva
from protocols.barcodes.aim import split_aim
from protocols.barcodes.gtin import is_restricted_circulation, normalised
from protocols.barcodes.variable_measure import COUNTRIES, VariableMeasure, read
from protocols.barcodes.whole_data import WholeDataCodec
from protocols.decoding import Decodable, JsonEvent, Side, event_json


@dataclass(frozen=True, slots=True)
class VariableMeasureParsed(CodecEvent):
    """How one country reads a number. ``measure`` None: it has no rule for it, or the number is no such number."""

    text: str
    region: str
    gtin: str | None
    measure: VariableMeasure | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LicenceParsed(CodecEvent):
    """What developers may see of a licence: the header, and the two dates that the age check needs."""

    file_type: str
    iin: str
    version: int
    dob: date | None
    expiry: date | None
    record_separator: str | None
    is_leading_space: bool


def parse_variable_measure(data: bytes) -> Sequence[CodecEvent]:
    """What each country makes of it: a bare number does not say whose it is."""
    _, rest = split_aim(data)
    text = rest.decode("latin-1").strip()
    gtin = normalised(text) if is_digits(text) else None
    if gtin is None or not is_restricted_circulation(gtin):
        reason = "wrong check digit or length" if gtin is None else "no number of a store's own"
        return [VariableMeasureParsed(text, "", gtin, None, reason)]
    return [_reading(text, gtin, region) for region in COUNTRIES]


def _reading(text: str, gtin: str, region: str) -> VariableMeasureParsed:
    measure = read(gtin, COUNTRIES[region])
    reason = None
    if measure is None:
        reason = "no rule for this prefix"
    elif not measure.is_valid:
        reason = "wrong check digit of the measure"
    return VariableMeasureParsed(text, region, gtin, measure, reason)


def parse_licence(data: bytes) -> Sequence[CodecEvent]:
    """Of what is no licence nothing is shown either: it may be a damaged one."""
    licence = aamva.licence_of(data)
    if licence is None:
        return [FrameRejected("no AAMVA header", b"", len(data))]
    return [
        LicenceParsed(
            licence.file_type,
            licence.iin,
            licence.version,
            licence.born,
            licence.expires,
            licence.record_separator,
            licence.has_leading_space,
        )
    ]


def describe_variable_measure(event: CodecEvent) -> JsonEvent:
    """``price`` with its currency: ``12.34 SEK``."""
    if not isinstance(event, VariableMeasureParsed):
        return event_json(event)
    told: JsonEvent = {
        "event": "variable_measure_parsed",
        "text": event.text,
        "region": event.region or None,
        "gtin": event.gtin,
        "valid": event.gtin is not None and (event.measure is None or event.measure.is_valid),
        "reason": event.reason,
    }
    if (measure := event.measure) is not None:
        price = f"{measure.price} {measure.currency}" if measure.price and measure.currency else measure.price
        told |= {"price": price, "currency": measure.currency, "weight": measure.weight, "unit": measure.unit}
        told |= {"count": measure.count, "item_reference": measure.item_reference, "item_gtin": measure.item_gtin}
    return {name: value for name, value in told.items() if value is not None}


def describe_licence(event: CodecEvent) -> JsonEvent:
    """Dates as ISO 8601; ``record_separator`` null where the licence has none."""
    if not isinstance(event, LicenceParsed):
        return event_json(event)
    dates = {"dob": event.dob, "expiry": event.expiry}
    told = event_json(event) | {"record_separator": event.record_separator}
    return told | {name: value and value.isoformat() for name, value in dates.items()}


_EXAMPLE_LICENCE = (
    b"@\n\x1e\rANSI 636000090002DL00410278ZV03190008DLDAQX0000000\nDCSEXAMPLE\nDBB07041990\nDBA07042030\nDCGUSA\n\r"
)

PROTOCOLS = {
    "barcode/rcn-variable-measure": Decodable(
        device_to_host=Side(
            lambda: WholeDataCodec(parse_variable_measure),
            examples=(b"2088060112343", b"2330714002396"),
            is_self_synchronising=False,
        ),
        describe=describe_variable_measure,
    ),
    "barcode/aamva-pdf417": Decodable(
        device_to_host=Side(
            lambda: WholeDataCodec(parse_licence), examples=(_EXAMPLE_LICENCE,), is_self_synchronising=False
        ),
        describe=describe_licence,
    ),
}
