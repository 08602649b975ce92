"""Prices, weights and counts inside a store's own numbers, by the country's rule or by a configured template.

The rules are national: GS1 Denmark "GTIN-13 pris" and "GTIN-13 vægt"; GS1 Latvia "Variable measure in Latvia" (the
three Baltic countries share it); GS1 Finland; GS1 Germany "Globale Artikelnummer in der Anwendung" and SAN-4; GS1 UK
"How to barcode variable measure items"; GS1 Sweden "Variable weight numbers"; Norway as Sweden (no document; products
agree).
The same table is in biip 5.2, the oracle of the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_gateway.contracts.check_digits import check_digit, measure_check_digit
from edge_gateway.contracts.variable_measure import VariableMeasureTemplate


def _rules(
    prefixes: str, shape: str, decimals: Iterable[int], currency: str | None = None
) -> tuple[VariableMeasureTemplate, ...]:
    """One template for each prefix; the last number of decimals holds for the rest."""
    places = list(decimals)
    return tuple(
        VariableMeasureTemplate(
            template=prefix + shape, decimals=places[min(index, len(places) - 1)], currency=currency
        )
        for index, prefix in enumerate(prefixes.split())
    )


_SWEDISH_WEIGHTS = _rules("23 24 25", "IIIIIIWWWWC", (3, 2, 1))
COUNTRIES: Mapping[str, Sequence[VariableMeasureTemplate]] = {
    "DE": (
        *_rules("22 23", "IIIIVPPPPPC", (2,), "EUR"),
        *_rules("25 26", "IIIIVNNNNNC", (0,)),
        *_rules("28 29", "IIIIVWWWWWC", (3,)),
    ),
    "DK": (
        *_rules("21 22 23 24", "IIIIPPPPPPC", (2,), "DKK"),
        *_rules("26 28", "IIIIWWWWWWC", (3,)),
        *_rules("27", "IIIIIWWWWWC", (3,)),
    ),
    "EE": _SWEDISH_WEIGHTS,
    "FI": _SWEDISH_WEIGHTS,
    "GB": _rules("20", "IIIIIVPPPPC", (2,), "GBP"),
    "LT": _SWEDISH_WEIGHTS,
    "LV": _SWEDISH_WEIGHTS,
    "NO": (*_rules("20 21 22", "IIIIIIPPPPC", (2, 1, 0), "NOK"), *_SWEDISH_WEIGHTS),
    "SE": (*_rules("20 21 22", "IIIIIIPPPPC", (2, 1, 0), "SEK"), *_SWEDISH_WEIGHTS),
}
"""Country to its rules. Elsewhere (US, ES, FR, IT, PT ...) each store has its own: configured templates."""


@dataclass(frozen=True, slots=True)
class VariableMeasure:
    """What a number says beside its item. ``price``, ``weight``, ``count``: decimal text, one of them.

    ``item_gtin``: the same number with the measure zeroed and the check digits made anew: the same for each package of
    the article, to look it up by. ``is_valid`` False: the check digit of the measure is wrong, and nothing is told.
    """

    item_reference: str
    item_gtin: str
    price: str | None = None
    currency: str | None = None
    weight: str | None = None
    unit: str | None = None
    count: str | None = None
    is_valid: bool = True


def read(gtin: str, templates: Iterable[VariableMeasureTemplate]) -> VariableMeasure | None:
    """By the first template that fits; None where none does. ``gtin``: 14 digits with a right check digit."""
    number = gtin[1:]
    if gtin[0] != "0":
        return None
    for template in templates:
        if number.startswith(template.prefix):
            return _read(number, template)
    return None


def _read(number: str, template: VariableMeasureTemplate) -> VariableMeasure:
    shape = template.template.rjust(13, "0")
    digits = _digits(number, shape, template.letter)
    found = VariableMeasure(_digits(number, shape, "I"), _without_measure(number, shape, template.letter))
    if "V" in shape and int(number[shape.index("V")]) != measure_check_digit(digits):
        return VariableMeasure(found.item_reference, found.item_gtin, is_valid=False)
    text = _decimal_text(digits, template.decimals)
    match template.kind:
        case "price":
            return VariableMeasure(found.item_reference, found.item_gtin, price=text, currency=template.currency)
        case "weight":
            return VariableMeasure(found.item_reference, found.item_gtin, weight=text, unit=template.unit)
    return VariableMeasure(found.item_reference, found.item_gtin, count=text)


def _digits(number: str, shape: str, letter: str) -> str:
    return "".join(digit for digit, place in zip(number, shape, strict=True) if place == letter)


def _decimal_text(digits: str, decimals: int) -> str:
    """``("00239", 2)`` is ``2.39``: as many digits behind the point as the rule has, none of the leading zeros."""
    padded = digits.rjust(decimals + 1, "0")
    whole = padded[: len(padded) - decimals].lstrip("0") or "0"
    return f"{whole}.{padded[len(padded) - decimals :]}" if decimals else whole


def _without_measure(number: str, shape: str, letter: str) -> str:
    zeroed = "".join("0" if place == letter else digit for digit, place in zip(number, shape, strict=True))
    if "V" in shape:
        place = shape.index("V")
        zeroed = f"{zeroed[:place]}{measure_check_digit('0' * shape.count(letter))}{zeroed[place + 1 :]}"
    return f"0{zeroed[:-1]}{check_digit(zeroed[:-1])}"
