"""A transaction, and what becomes of it."""

from __future__ import annotations

from typing import Any, Final

TRANSACTION: Final[dict[str, Any]] = {
    "transaction_id": "S001-T3-20261121-000123",
    "type": "sale",
    "channel": "pos",
    "store_id": "S001",
    "lane": "lane-3",
    "terminal_id": "T3",
    "shift_id": "T3-2",
    "business_day": "2026-11-21",
    "started_at": "2026-11-21T10:15:03Z",
    "completed_at": "2026-11-21T10:16:20Z",
    "timezone": "Europe/Berlin",
    "operator": {"id": "op-7", "name": "A. Example"},
    "currency": "EUR",
    "prices_include_tax": True,
    "customer": {"id": "c-1", "type": "retail", "name": None, "phone": None, "email": None, "loyalty_tier": "gold"},
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
        },
        {
            "line_number": 2,
            "sku": "0815",
            "name": "Apples",
            "quantity": "1.234",
            "unit": "kg",
            "unit_price": "2.99",
            "discounts": [],
            "tax": {"code": "DE-7", "rate": "0.07", "amount": "0.24"},
            "total": "3.69",
        },
    ],
    "discounts": [],
    "taxes": [
        {"code": "DE-19", "rate": "0.19", "base": "2.10", "amount": "0.40"},
        {"code": "DE-7", "rate": "0.07", "base": "3.45", "amount": "0.24"},
    ],
    "totals": {
        "gross": "6.19",
        "net": "5.55",
        "tax": "0.64",
        "discount": "0.50",
        "tendered": "10.00",
        "change": "3.81",
    },
    "tenders": [{"method": "cash", "status": "completed", "amount": "10.00", "gateway_reference": None, "card": None}],
    "payment_status": "completed",
    "original_transaction_id": None,
    "loyalty": {"earned": "6", "redeemed": "0"},
    "notes": None,
}
EVENT_ID: Final = "019aa61c-66e4-7a2b-8a3c-3f1f0e9d2b11"

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    "pos.weight_sold": {
        "device_id": "T3",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 12,
        "transaction_id": "S001-T3-20261121-000123",
        "line_number": 2,
        "sku": "0815",
        "quantity": "1.234",
        "unit": "kg",
        "reading": {
            "device_id": "lane3-scale",
            "lane": "lane-3",
            "weight": "1.234",
            "unit": "kg",
            "net": False,
            "status": "stable_weight",
            "measured_at": "2026-11-21T10:15:48.310Z",
            "shown_until": "2026-11-21T10:15:51.907Z",
            "epoch": 1763720000,
            "sequence": 7,
            "age_s": 32.118,
            "also_for": None,
        },
        "no_reading": None,
    },
    "pos.transaction_completed": {
        "device_id": "T3",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 123,
        "transaction": TRANSACTION,
    },
}
PARAMS: Final[dict[str, dict[str, Any]]] = {
    "pos.submit_transaction": {"transaction": TRANSACTION},
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    "pos.submit_transaction": {"transaction_id": "S001-T3-20261121-000123", "event_id": EVENT_ID},
}
