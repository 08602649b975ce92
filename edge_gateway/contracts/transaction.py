"""A transaction as a POS submits it (``submit_transaction``, ``params.transaction``) and as the cloud receives it.

The shape is checked here, the arithmetic in ``transaction_rules``. Unknown fields are refused; a field that may be null
may also be left out. Money is decimal text; an instant is RFC 3339 in UTC with ``Z``; text keeps what was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)

from edge_gateway.contracts.card_data import holds_number_of_card, mask_long_digits
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import Instant, Key, Level, in_words
from edge_gateway.contracts.money import Amount, Points, Price, Quantity, Rate
from edge_gateway.contracts.transaction_fields import (
    CARD_NUMBER_FOUND,
    FIELD_WORDS,
    Code,
    Currency,
    Day,
    DiscountKind,
    Gtin,
    LastFour,
    Notes,
    PaymentMethod,
    PaymentStatus,
    Phone,
    Reference,
    Text,
    TimeZone,
    TransactionType,
    Word,
)
from edge_gateway.contracts.transaction_rules import disagreements

LINES_MAX: Final = 1000
"""A wholesale trolley; with the request limit of 256 KiB the text is bounded as well."""
DISCOUNTS_MAX: Final = 100
TAXES_MAX: Final = 50
TENDERS_MAX: Final = 50
PROBLEMS_LISTED_MAX: Final = 100
"""A transaction with more is broken as a whole; the rest is counted in the message."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Operator(_Part):
    """Who worked the terminal."""

    id: Key
    name: Text | None = None


class Customer(_Part):
    """The customer, where known. Send no more than the cloud needs."""

    id: Key | None = None
    type: Word | None = Field(None, description="Such as retail or business.")
    name: Text | None = None
    phone: Phone | None = None
    email: Text | None = None
    loyalty_tier: Word | None = None


class Discount(_Part):
    kind: DiscountKind
    amount: Amount = Field(description="What is taken off; below zero only on a line that is given back.")
    reason: Notes | None = None


class LineTax(_Part):
    code: Key
    rate: Rate = Field(description="Share from 0 to 1.")
    amount: Amount = Field(description="After every discount.")


class Line(_Part):
    line_number: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    sku: Code
    gtin: Gtin | None = None
    name: Text
    category: Text | None = None
    quantity: Quantity
    unit: Word = Field(description="each, kg, l ...")
    unit_price: Price
    discounts: tuple[Discount, ...] = Field((), max_length=DISCOUNTS_MAX)
    tax: LineTax | None = Field(None, description="null: the line is outside of tax.")
    total: Amount = Field(description="quantity x unit_price - discounts, rounded half up to the minor unit.")


class Tax(_Part):
    """One tax code over the whole transaction."""

    code: Key
    rate: Rate
    base: Amount = Field(description="Amount without tax that the tax is on.")
    amount: Amount


class Totals(_Part):
    gross: Amount = Field(description="What is to be paid, tax included.")
    net: Amount = Field(description="gross - tax")
    tax: Amount
    discount: Amount = Field(description="Discounts of the lines and of the whole.")
    tendered: Amount = Field(description="Tenders that count.")
    change: Amount = Field(description="tendered - gross, where that is above zero.")


class Card(_Part):
    """Nothing else of a card is ever taken."""

    scheme: Text | None = None
    last4: LastFour | None = None
    token: Reference | None = None


class Tender(_Part):
    method: PaymentMethod
    status: PaymentStatus
    amount: Amount
    gateway_reference: Reference | None = Field(None, description="The payment gateway's id of this payment.")
    card: Card | None = None

    @model_validator(mode="after")
    def _refuse_number_of_card(self) -> Self:
        last4 = self.card.last4 if self.card is not None else None
        token = self.card.token if self.card is not None else None
        for name, text in (("gateway_reference", self.gateway_reference), ("card.token", token)):
            if text is not None and holds_number_of_card(text, last4):
                raise ValueError(f"{name} {CARD_NUMBER_FOUND}")
        return self


class Loyalty(_Part):
    earned: Points
    redeemed: Points


class Transaction(_Part):
    """One transaction of one terminal, whole."""

    transaction_id: Key = Field(description="Unique across channels and for good; its repeat is answered, not stored.")
    type: TransactionType
    channel: Word = Field(description="pos, self_checkout, kiosk, mobile ...")
    store_id: Level
    lane: Level
    terminal_id: Level
    shift_id: Key | None = None
    business_day: Day
    started_at: Instant
    completed_at: Instant
    timezone: TimeZone = Field(description="IANA name of the store's time zone.")
    operator: Operator | None = Field(None, description="null at unattended terminals.")
    currency: Currency
    prices_include_tax: StrictBool
    customer: Customer | None = None
    lines: tuple[Line, ...] = Field(max_length=LINES_MAX)
    discounts: tuple[Discount, ...] = Field((), max_length=DISCOUNTS_MAX, description="On the whole transaction.")
    taxes: tuple[Tax, ...] = Field(max_length=TAXES_MAX)
    totals: Totals
    tenders: tuple[Tender, ...] = Field(max_length=TENDERS_MAX)
    payment_status: PaymentStatus
    original_transaction_id: Key | None = Field(None, description="Needed by refund, return and void.")
    loyalty: Loyalty | None = None
    notes: Notes | None = None

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        problems = disagreements(self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def digest(self) -> str:
        """Of the content: the same for null and left out, for any order of fields and any blanks."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


class SubmitTransactionParams(_Part):
    """``params`` of ``submit_transaction``."""

    transaction: Transaction


class SubmitTransactionResult(_Part):
    """``result`` of ``submit_transaction``: from here on the transaction is the gateway's to deliver."""

    transaction_id: Key
    event_id: str = Field(description="Id under which the cloud receives it.")


class TransactionCompletedData(BaseModel):
    """``data`` of com.edge-gateway.pos.transaction_completed.v1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device_id: Level
    lane: Level
    epoch: Annotated[StrictInt, Field(ge=1)]
    sequence: Annotated[StrictInt, Field(ge=1)]
    transaction: Transaction


def read_transaction(params: Mapping[str, Any]) -> Transaction:
    """From the params of a request. Raises RequestError(INVALID_REQUEST) that lists every problem."""
    try:
        return SubmitTransactionParams.model_validate(params).transaction
    except ValidationError as error:
        problems = list(_problems(error))
    listed = problems[:PROBLEMS_LISTED_MAX]
    if len(problems) > len(listed):
        listed.append(f"and {len(problems) - len(listed)} more")
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    raise RequestError(ErrorCode.INVALID_REQUEST, mask_long_digits(f"{count}: " + "; ".join(listed)))


def _problems(error: ValidationError) -> Iterator[str]:
    """Where and what was expected; never the value, which may be what must not be repeated."""
    for found in error.errors(include_url=False, include_input=False):
        message = in_words(found, FIELD_WORDS)
        where = _path(found["loc"])
        if found["type"] == "extra_forbidden":
            message = "is not a field here"
        elif found["type"] == "missing":
            message = "is missing"
        for line in message.split("\n"):
            yield line if found["type"] == "value_error" and found["loc"] == ("transaction",) else f"{where}: {line}"


def _path(location: tuple[int | str, ...]) -> str:
    """``transaction.lines[0].total``"""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text[:200]
