"""The words and field types of a transaction: what one field may hold, whatever the others say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from edge_gateway.contracts.card_data import holds_card_number
from edge_gateway.contracts.check_digits import has_valid_check_digit
from edge_gateway.contracts.fields import PATTERN_WORDS
from edge_gateway.contracts.money import MINOR_DIGITS


class TransactionType(StrEnum):
    SALE = "sale"
    REFUND = "refund"
    RETURN = "return"
    EXCHANGE = "exchange"
    VOID = "void"
    NO_SALE = "no_sale"
    PAID_IN = "paid_in"
    PAID_OUT = "paid_out"


class PaymentMethod(StrEnum):
    CASH = "cash"
    CARD = "card"
    WALLET = "wallet"
    BANK_TRANSFER = "bank_transfer"
    STORE_CREDIT = "store_credit"
    GIFT_CARD = "gift_card"
    VOUCHER = "voucher"


class PaymentStatus(StrEnum):
    """Of a tender, and of the transaction's payment as a whole."""

    PENDING = "pending"
    COMPLETED = "completed"
    REFUNDED = "refunded"
    PARTIALLY_PAID = "partially_paid"
    FAILED = "failed"


class DiscountKind(StrEnum):
    PROMO = "promo"
    LOYALTY = "loyalty"
    MANUAL = "manual"
    VOLUME = "volume"
    SEASONAL = "seasonal"


@lru_cache(maxsize=1)
def _known_timezones() -> frozenset[str]:
    """Empty on a machine without the time zone database: then only the form of a name is checked."""
    return frozenset(available_timezones())


def _check_day(text: str) -> str:
    date.fromisoformat(text)
    return text


def _check_timezone(text: str) -> str:
    if _known_timezones() and text not in _known_timezones():
        raise ValueError("is no time zone of the IANA database, such as Europe/Berlin")
    return text


def _check_currency(text: str) -> str:
    if text not in MINOR_DIGITS:
        raise ValueError("is no currency of ISO 4217, such as EUR")
    return text


def _check_gtin(text: str) -> str:
    if not has_valid_check_digit(text):
        raise ValueError("has a wrong check digit")
    return text


PHONE_DIGITS_MAX: Final = 15
"""ITU-T E.164: no telephone number has more."""
CARD_NUMBER_FOUND: Final = "holds what looks like a card number; card data is never taken, send a token"


def _refuse_card_number(text: str) -> str:
    if holds_card_number(text):
        raise ValueError(CARD_NUMBER_FOUND)
    return text


def _refuse_card_number_but_phone(text: str) -> str:
    if holds_card_number(text, PHONE_DIGITS_MAX + 1):
        raise ValueError(CARD_NUMBER_FOUND)
    return text


# [0-9], not \d: pydantic's expressions know Unicode digits.
_DAY_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIMEZONE_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$"
_CURRENCY_PATTERN: Final = r"^[A-Z]{3}$"
_GTIN_PATTERN: Final = r"^([0-9]{8}|[0-9]{12,14})$"
_LAST4_PATTERN: Final = r"^[0-9]{4}$"
FIELD_WORDS: Final[Mapping[str, str]] = {
    **PATTERN_WORDS,
    _DAY_PATTERN: "a day such as 2026-11-21",
    _TIMEZONE_PATTERN: "a time zone of the IANA database, such as Europe/Berlin",
    _CURRENCY_PATTERN: "a currency of ISO 4217, such as EUR",
    _GTIN_PATTERN: "a GTIN of 8, 12, 13 or 14 digits",
    _LAST4_PATTERN: "four digits",
}

# Codes (Key, Code, Gtin, Reference) are long numbers by nature, and many look like a card number by chance: refused for
# it, a sale could never be submitted. Card numbers are looked for in free text; in a Reference its tender does.
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_refuse_card_number)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_refuse_card_number_but_phone)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_refuse_card_number)]
Notes = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_refuse_card_number)]
Day = Annotated[
    str,
    StringConstraints(pattern=_DAY_PATTERN),
    AfterValidator(_check_day),
    Field(json_schema_extra={"format": "date"}),
]
TimeZone = Annotated[str, StringConstraints(pattern=_TIMEZONE_PATTERN), AfterValidator(_check_timezone)]
Currency = Annotated[str, StringConstraints(pattern=_CURRENCY_PATTERN), AfterValidator(_check_currency)]
Gtin = Annotated[str, StringConstraints(pattern=_GTIN_PATTERN), AfterValidator(_check_gtin)]
LastFour = Annotated[str, StringConstraints(pattern=_LAST4_PATTERN)]
