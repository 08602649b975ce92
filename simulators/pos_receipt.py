"""The receipt of a sale as a print document (``params.document`` of ``command/print``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def receipt_document(transaction: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Header, lines, totals, taxes, payments, the transaction id as text and QR code; the drawer opens for cash."""
    totals, currency = transaction["totals"], transaction["currency"]
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "STORE IN A BOX", "align": "center", "bold": True, "size": [2, 2]},
        {"type": "text", "text": f"{transaction['store_id']}  {transaction['lane']}", "align": "center"},
        {"type": "rule"},
    ]
    for line in transaction["lines"]:
        document += _line(line)
    document += [
        {"type": "rule"},
        {"type": "text", "text": f"TOTAL {currency} {totals['gross']}", "align": "right", "bold": True, "size": [1, 2]},
    ]
    for tax in transaction["taxes"]:
        document.append(_columns(f"{tax['code']} of {tax['base']}", tax["amount"]))
    document.append({"type": "rule"})
    for tender in transaction["tenders"]:
        last4 = f" **** {tender['card']['last4']}" if tender["card"] else ""
        document.append(_columns(tender["method"].upper() + last4, tender["amount"]))
    document += [
        _columns("Change", totals["change"]),
        {"type": "text", "text": f"{transaction['transaction_id']}  {transaction['completed_at']}"},
        {"type": "qr", "data": transaction["transaction_id"]},
        {"type": "feed", "lines": 2},
        {"type": "cut"},
    ]
    if any(tender["method"] == "cash" for tender in transaction["tenders"]):
        document.append({"type": "drawer"})
    return document


def _line(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    elements = []
    if line["unit"] == "each" and line["quantity"] == "1":
        elements.append(_columns(line["name"], line["total"]))
    else:
        elements.append({"type": "text", "text": line["name"]})
        quantity = f"  {line['quantity']} {line['unit']} x {line['unit_price']}"
        elements.append(_columns(quantity, line["total"]))
    elements += [
        {"type": "text", "text": f"  {discount['reason']} -{discount['amount']}", "underline": True}
        for discount in line["discounts"]
    ]
    return elements


def _columns(left: str, right: str) -> dict[str, Any]:
    return {"type": "columns", "left": left, "right": right}
