"""A valid transaction to be sent as it is or with changes."""

from __future__ import annotations

from typing import Any


def sale(transaction_id: str, **changes: Any) -> dict[str, Any]:
    """Two highlighters for cash at T1 of lane-1."""
    return {
        "transaction_id": transaction_id,
        "type": "sale",
        "channel": "pos",
        "store_id": "T001",
        "lane": "lane-1",
        "terminal_id": "T1",
        "shift_id": "T1-1",
        "business_day": "2026-11-21",
        "started_at": "2026-11-21T10:15:03Z",
        "completed_at": "2026-11-21T10:16:20Z",
        "timezone": "Europe/Berlin",
        "operator": {"id": "op-7", "name": None},
        "currency": "EUR",
        "prices_include_tax": True,
        "customer": None,
        "lines": [
            {
                "line_number": 1,
                "sku": "4711",
                "gtin": "04006381333931",
                "name": "Highlighter",
                "category": "office",
                "quantity": "2",
                "unit": "each",
                "unit_price": "1.50",
                "discounts": [{"kind": "promo", "amount": "0.50", "reason": "2 for 2.50"}],
                "tax": {"code": "DE-19", "rate": "0.19", "amount": "0.40"},
                "total": "2.50",
            }
        ],
        "discounts": [],
        "taxes": [{"code": "DE-19", "rate": "0.19", "base": "2.10", "amount": "0.40"}],
        "totals": {
            "gross": "2.50",
            "net": "2.10",
            "tax": "0.40",
            "discount": "0.50",
            "tendered": "5.00",
            "change": "2.50",
        },
        "tenders": [
            {"method": "cash", "status": "completed", "amount": "5.00", "gateway_reference": None, "card": None}
        ],
        "payment_status": "completed",
        "original_transaction_id": None,
        "loyalty": None,
        "notes": None,
        **changes,
    }
