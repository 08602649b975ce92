"""Money, quantities and rates as decimal text; the minor units of ISO 4217."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

INTEGER_DIGITS_MAX: Final = 12
"""With its 4 fraction digits an amount times a quantity (6 and 6) has 28 digits: what Decimal keeps exactly."""
QUANTITY_INTEGER_DIGITS_MAX: Final = 6
AMOUNT_FRACTION_DIGITS_MAX: Final = 4
"""The most that any currency has (CLF, UYW); each transaction is held to its own currency's."""
QUANTITY_FRACTION_DIGITS_MAX: Final = 6
"""Litres of fuel and carats of gold are sold with three and four."""

_MINOR_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
    "SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW "
    "ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_DIGITS: Final = {code: digits for digits, codes in _MINOR_DIGITS.items() for code in codes.split()}
"""Currency to its digits after the decimal point: ISO 4217:2015, table A.1, amendments to 177 (2024)."""


def fraction_digits(value: Decimal) -> int:
    """Digits after the point, as written: 2 of ``1.50``."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def round_half_up(value: Decimal, digits: int) -> Decimal:
    """Commercial rounding, symmetric about zero: a refund is the mirror image of its sale."""
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def amount_text(value: Decimal, digits: int) -> str:
    """For messages and for those who build transactions: exactly the currency's digits, never ``-0.00``."""
    rounded = round_half_up(value, digits)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"


def _decimal_text(
    *,
    fraction_digits_max: int,
    is_signed: bool,
    integer_digits_max: int = INTEGER_DIGITS_MAX,
    maximum: int | None = None,
) -> Any:
    sign = "-?" if is_signed else ""
    text = rf"^{sign}(0|[1-9][0-9]{{0,{integer_digits_max - 1}}})(\.[0-9]{{1,{fraction_digits_max}}})?$"
    words = f"{'an optional minus, ' if is_signed else ''}at most {integer_digits_max} digits"
    # \Z, not $: in Python $ also matches before a final line feed. JSON Schema (ECMA 262) has no \Z.
    pattern = re.compile(text.removesuffix("$") + r"\Z", re.ASCII)

    def parse(value: object) -> Decimal:
        if isinstance(value, Decimal):
            value = f"{value:f}"
        if not isinstance(value, str):
            raise ValueError(f'must be decimal text such as "1.50", not {_json_type(value)}')
        if not pattern.match(value):
            raise ValueError(f"must be decimal text: {words}, then at most {fraction_digits_max} after a point")
        number = Decimal(value)
        if maximum is not None and number > maximum:
            raise ValueError(f"must be at most {maximum}")
        return number

    return [
        BeforeValidator(parse),
        PlainSerializer(lambda value: f"{value:f}", return_type=str),
        WithJsonSchema({"type": "string", "pattern": text}),
    ]


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "an array" if isinstance(value, list) else "an object"


_amount = _decimal_text(fraction_digits_max=AMOUNT_FRACTION_DIGITS_MAX, is_signed=True)
_price = _decimal_text(fraction_digits_max=AMOUNT_FRACTION_DIGITS_MAX, is_signed=False)
_quantity = _decimal_text(
    fraction_digits_max=QUANTITY_FRACTION_DIGITS_MAX, is_signed=True, integer_digits_max=QUANTITY_INTEGER_DIGITS_MAX
)
_rate = _decimal_text(fraction_digits_max=QUANTITY_FRACTION_DIGITS_MAX, is_signed=False, maximum=1)
_points = _decimal_text(fraction_digits_max=QUANTITY_FRACTION_DIGITS_MAX, is_signed=False)

Amount = Annotated[Decimal, _amount[0], _amount[1], _amount[2]]
"""Money, signed."""
Price = Annotated[Decimal, _price[0], _price[1], _price[2]]
"""Money, not below zero."""
Quantity = Annotated[Decimal, _quantity[0], _quantity[1], _quantity[2]]
"""Pieces, kilograms, litres; below zero on a line that is given back."""
Rate = Annotated[Decimal, _rate[0], _rate[1], _rate[2]]
"""A share from 0 to 1: 0.19 is 19 %."""
Points = Annotated[Decimal, _points[0], _points[1], _points[2]]
"""Loyalty points."""
