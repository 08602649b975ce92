"""What a till computes: line totals, taxes inside prices, totals, change; and the transaction it submits.

Money is ``Decimal``, rounded half up to the cent, each line on its own; a line's tax is the part of its total that its
rate gives; sums are sums of rounded lines, so that what is printed adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from edge_gateway.contracts.clock import rfc3339
from simulators.catalogue import CURRENCY, Item, Tax

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def money(value: Decimal) -> Decimal:
    """Rounded half up to the cent."""
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Discount:
    """An amount off a line."""

    kind: str
    amount: Decimal
    reason: str


@dataclass(slots=True)
class Line:
    """One line: ``quantity`` in the item's unit, pieces or kilograms."""

    item: Item
    quantity: Decimal
    discounts: list[Discount] = field(default_factory=list)

    @property
    def discount(self) -> Decimal:
        return sum((discount.amount for discount in self.discounts), ZERO)

    @property
    def total(self) -> Decimal:
        return money(self.quantity * self.item.unit_price - self.discount)

    @property
    def tax(self) -> Decimal:
        """The tax inside the total."""
        return money(self.total * self.item.tax.rate / (1 + self.item.tax.rate))


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """One tax over the basket. ``base`` is without the tax."""

    tax: Tax
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Tender:
    """One payment. ``reference`` and ``card_last4`` only of cards; the number itself never reaches a till."""

    method: str
    amount: Decimal
    reference: str | None = None
    card_last4: str | None = None


@dataclass(slots=True)
class Basket:
    """The lines of one sale and their sums."""

    lines: list[Line] = field(default_factory=list)

    def add(self, item: Item, quantity: Decimal) -> Line:
        """A new line. Raises ValueError for a quantity that cannot be sold."""
        if quantity <= 0 or (not item.is_weighed and quantity != quantity.to_integral_value()):
            raise ValueError(f"{item.sku}: quantity {quantity} {item.unit}")
        line = Line(item, quantity)
        self.lines.append(line)
        return line

    def discount(self, line: Line, discount: Discount) -> None:
        """Take an amount off a line. Raises ValueError if it is not positive cents, or more than is left."""
        if discount.amount <= 0 or discount.amount != money(discount.amount) or discount.amount > line.total:
            raise ValueError(f"discount {discount.amount} on a line of {line.total}")
        line.discounts.append(discount)

    @property
    def gross(self) -> Decimal:
        """What the customer pays."""
        return sum((line.total for line in self.lines), ZERO)

    @property
    def discount_total(self) -> Decimal:
        return sum((line.discount for line in self.lines), ZERO)

    @property
    def tax(self) -> Decimal:
        return sum((line.tax for line in self.lines), ZERO)

    def taxes(self) -> list[TaxTotal]:
        """By tax code, in the order of its first line."""
        by_tax: dict[Tax, list[Line]] = {}
        for line in self.lines:
            by_tax.setdefault(line.item.tax, []).append(line)
        totals = []
        for tax, lines in by_tax.items():
            amount = sum((line.tax for line in lines), ZERO)
            totals.append(TaxTotal(tax, sum((line.total for line in lines), ZERO) - amount, amount))
        return totals


@dataclass(frozen=True, slots=True)
class Checkout:
    """Everything of a sale that is not in the basket."""

    transaction_id: str
    store_id: str
    lane: str
    terminal_id: str
    shift_id: str
    operator_id: str
    started_at: datetime
    completed_at: datetime
    timezone: str = "UTC"


def transaction(basket: Basket, tenders: Sequence[Tender], checkout: Checkout) -> dict[str, Any]:
    """``params.transaction`` of ``submit_transaction``."""
    tendered = sum((tender.amount for tender in tenders), ZERO)
    return {
        "transaction_id": checkout.transaction_id,
        "type": "sale",
        "channel": "pos",
        "store_id": checkout.store_id,
        "lane": checkout.lane,
        "terminal_id": checkout.terminal_id,
        "shift_id": checkout.shift_id,
        "business_day": checkout.started_at.date().isoformat(),
        "started_at": rfc3339(checkout.started_at),
        "completed_at": rfc3339(checkout.completed_at),
        "timezone": checkout.timezone,
        "operator": {"id": checkout.operator_id, "name": None},
        "currency": CURRENCY,
        "prices_include_tax": True,
        "customer": None,
        "lines": [_line(number, line) for number, line in enumerate(basket.lines, start=1)],
        "discounts": [],
        "taxes": [
            {"code": total.tax.code, "rate": str(total.tax.rate), "base": str(total.base), "amount": str(total.amount)}
            for total in basket.taxes()
        ],
        "totals": {
            "gross": str(basket.gross),
            "net": str(basket.gross - basket.tax),
            "tax": str(basket.tax),
            "discount": str(basket.discount_total),
            "tendered": str(tendered),
            "change": str(tendered - basket.gross),
        },
        "tenders": [_tender(tender) for tender in tenders],
        "payment_status": "completed",
        "original_transaction_id": None,
        "loyalty": None,
        "notes": None,
    }


def _line(number: int, line: Line) -> dict[str, Any]:
    return {
        "line_number": number,
        "sku": line.item.sku,
        "gtin": None if line.item.gtin is None else line.item.gtin.rjust(14, "0"),
        "name": line.item.name,
        "category": line.item.category,
        "quantity": str(line.quantity),
        "unit": line.item.unit,
        "unit_price": str(line.item.unit_price),
        "discounts": [{"kind": d.kind, "amount": str(d.amount), "reason": d.reason} for d in line.discounts],
        "tax": {"code": line.item.tax.code, "rate": str(line.item.tax.rate), "amount": str(line.tax)},
        "total": str(line.total),
    }


def _tender(tender: Tender) -> dict[str, Any]:
    card = None
    if tender.card_last4 is not None:
        card = {"scheme": "visa", "last4": tender.card_last4, "token": f"test-token-{tender.reference}"}
    return {
        "method": tender.method,
        "status": "completed",
        "amount": str(tender.amount),
        "gateway_reference": tender.reference,
        "card": card,
    }
