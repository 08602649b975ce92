"""Transactions for tests: the contract's example, and a generator of valid ones from a seed."""

from __future__ import annotations

import copy
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from edge_gateway.schemas.examples import TRANSACTION

EXAMPLE = TRANSACTION
"""The example of the interface contract, as it stands there."""


def example(**changes: Any) -> dict[str, Any]:
    """A copy of the example with top-level fields changed."""
    return {**copy.deepcopy(EXAMPLE), **changes}


RATES = {"A": Decimal("0.19"), "B": Decimal("0.07"), "C": Decimal("0")}


def valid_transaction(seed: int) -> dict[str, Any]:
    """Any currency scale, prices with or without tax, discounts on lines and on the whole, several tenders."""
    rng = random.Random(seed)
    currency, digits = rng.choice([("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
    includes_tax, sign = rng.random() < 0.5, rng.choice([1, 1, -1])
    unit = Decimal(1).scaleb(-digits)

    def rounded(value: Decimal) -> Decimal:
        return value.quantize(unit, rounding=ROUND_HALF_UP)

    lines, taxes = [], {}
    for number in range(1, rng.randint(1, 8) + 1):
        quantity = sign * Decimal(rng.randint(1, 9999)).scaleb(-rng.choice([0, 3]))
        price = Decimal(rng.randint(0, 99999)).scaleb(-digits)
        share = Decimal(rng.randint(0, 100)) / 100 if rng.random() < 0.3 else Decimal(0)
        discount = rounded(rounded(quantity * price) * share)
        total = rounded(quantity * price - discount)
        code = rng.choice(list(RATES))
        rate = RATES[code]
        tax = rounded(total * rate / (1 + rate) if includes_tax else total * rate)
        base, amount = taxes.get(code, (Decimal(0), Decimal(0)))
        taxes[code] = (base + (total - tax if includes_tax else total), amount + tax)
        lines.append(
            {
                "line_number": number,
                "sku": f"sku-{number}",
                "name": rng.choice(["Milk", "Käse", "りんご", 'Bread "rye"']),
                "quantity": f"{quantity:f}",
                "unit": "each",
                "unit_price": f"{price:f}",
                "discounts": [{"kind": "manual", "amount": f"{discount:f}"}] if discount else [],
                "tax": {"code": code, "rate": f"{rate:f}", "amount": f"{tax:f}"},
                "total": f"{total:f}",
            }
        )
    whole = sum((Decimal(line["total"]) for line in lines), Decimal(0))
    on_whole = Decimal(0)
    first = next(iter(taxes))
    if rng.random() < 0.3:
        on_whole = rounded(taxes[first][0] * Decimal("0.1"))
        taxes[first] = (taxes[first][0] - on_whole, taxes[first][1])
    tax_total = sum((amount for _, amount in taxes.values()), Decimal(0))
    gross = whole - on_whole + (Decimal(0) if includes_tax else tax_total)
    extra = Decimal(rng.choice([0, 0, 5]))
    tendered = gross + extra
    part = rounded(tendered / 3)
    on_lines = sum((Decimal(line["discounts"][0]["amount"]) for line in lines if line["discounts"]), Decimal(0))
    card = {"scheme": "visa", "last4": "1111", "token": "tok_9f8e"}
    return example(
        transaction_id=f"S001-T3-{seed}",
        type="refund" if sign < 0 else "sale",
        original_transaction_id="S001-T3-0" if sign < 0 else None,
        currency=currency,
        prices_include_tax=includes_tax,
        lines=lines,
        discounts=[{"kind": "loyalty", "amount": f"{on_whole:f}", "reason": "gold"}] if on_whole else [],
        taxes=[
            {"code": code, "rate": f"{RATES[code]:f}", "base": f"{base:f}", "amount": f"{amount:f}"}
            for code, (base, amount) in taxes.items()
        ],
        totals={
            "gross": f"{gross:f}",
            "net": f"{gross - tax_total:f}",
            "tax": f"{tax_total:f}",
            "discount": f"{on_lines + on_whole:f}",
            "tendered": f"{tendered:f}",
            "change": f"{extra:f}",
        },
        tenders=[
            {"method": "card", "status": "completed", "amount": f"{part:f}", "gateway_reference": "gw-1", "card": card},
            {"method": "card", "status": "failed", "amount": "7", "gateway_reference": None, "card": None},
            {"method": "cash", "status": "completed", "amount": f"{tendered - part:f}"},
        ],
    )
