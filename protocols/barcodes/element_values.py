"""Application identifiers whose last digit says where the decimal point is, as decimal text.

GS1 General Specifications, section 3: AI 310n to 369n (trade and logistic measures), 390n to 395n (amounts and prices).
Digits are kept as printed: ``000195`` under 3103 is ``0.195``, ``0299`` under 3922 is ``2.99``.
"""

from __future__ import annotations

from collections.abc import Mapping

ElementValue = Mapping[str, str]
"""``name`` (net_weight, price ...), ``value``, and ``unit`` or ``currency`` where the element says it."""

_METRIC = (("length", "m"), ("width", "m"), ("depth", "m"), ("area", "m2"))
_UNITS: Mapping[str, tuple[str, str]] = {
    "310": ("net_weight", "kg"),
    **{str(311 + i): measure for i, measure in enumerate(_METRIC)},
    "315": ("net_volume", "l"), "316": ("net_volume", "m3"), "320": ("net_weight", "lb"),
    **{str(321 + 3 * i + j): (name, unit)
       for i, name in enumerate(("length", "width", "depth")) for j, unit in enumerate(("in", "ft", "yd"))},
    "330": ("gross_weight", "kg"),
    **{str(331 + i): measure for i, measure in enumerate(_METRIC)},
    "335": ("gross_volume", "l"), "336": ("gross_volume", "m3"), "337": ("weight_per_area", "kg/m2"),
    "340": ("gross_weight", "lb"),
    **{str(341 + 3 * i + j): (name, unit)
       for i, name in enumerate(("length", "width", "depth")) for j, unit in enumerate(("in", "ft", "yd"))},
    "350": ("area", "in2"), "351": ("area", "ft2"), "352": ("area", "yd2"),
    "353": ("area", "in2"), "354": ("area", "ft2"), "355": ("area", "yd2"),
    "356": ("net_weight", "ozt"), "357": ("net_weight", "oz"),
    "360": ("net_volume", "qt"), "361": ("net_volume", "gal"), "362": ("gross_volume", "qt"),
    "363": ("gross_volume", "gal"), "364": ("net_volume", "in3"), "365": ("net_volume", "ft3"),
    "366": ("net_volume", "yd3"), "367": ("gross_volume", "in3"), "368": ("gross_volume", "ft3"),
    "369": ("gross_volume", "yd3"),
}  # fmt: skip
_AMOUNTS = {
    "390": "amount",
    "391": "amount",
    "392": "price",
    "393": "price",
    "394": "discount_percent",
    "395": "unit_price",
}
_WITH_CURRENCY = frozenset({"391", "393"})
_CURRENCIES = {
    "036": "AUD", "124": "CAD", "156": "CNY", "203": "CZK", "208": "DKK", "344": "HKD", "348": "HUF", "352": "ISK",
    "356": "INR", "376": "ILS", "392": "JPY", "410": "KRW", "484": "MXN", "554": "NZD", "578": "NOK", "643": "RUB",
    "702": "SGD", "710": "ZAR", "752": "SEK", "756": "CHF", "826": "GBP", "840": "USD", "946": "RON", "949": "TRY",
    "975": "BGN", "978": "EUR", "980": "UAH", "985": "PLN", "986": "BRL",
}  # fmt: skip
"""ISO 4217 number to code; another number is told as it is."""


def element_values(application_identifiers: Mapping[str, str]) -> Mapping[str, ElementValue]:
    """Identifier to its value, for those that have a decimal point. Empty where none has."""
    return {
        identifier: value
        for identifier, raw in application_identifiers.items()
        if len(identifier) == 4 and (value := _value(identifier, raw)) is not None
    }


def _value(identifier: str, raw: str) -> ElementValue | None:
    kind, places = identifier[:3], int(identifier[3])
    if kind in _UNITS:
        name, unit = _UNITS[kind]
        return {"name": name, "value": _decimal(raw, places), "unit": unit}
    if kind not in _AMOUNTS:
        return None
    currency = {}
    if kind in _WITH_CURRENCY:
        currency, raw = {"currency": _CURRENCIES.get(raw[:3], raw[:3])}, raw[3:]
    return {"name": _AMOUNTS[kind], "value": _decimal(raw, places), **currency}


def _decimal(digits: str, places: int) -> str:
    padded = digits.rjust(places + 1, "0")
    whole = padded[: len(padded) - places].lstrip("0") or "0"
    return f"{whole}.{padded[len(padded) - places :]}" if places else whole
