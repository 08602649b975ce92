"""What the cloud reads out of one event: whether it is one it takes, its content's digest, its facts."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from simulators.cloud.models import CloudEvent

TRANSACTION_TYPE = "com.edge-gateway.pos.transaction_completed.v1"
COMMAND_COMPLETED_TYPE = "com.edge-gateway.gateway.command_completed.v1"
_COMMAND_MEMBERS = ("command_id", "name", "status", "result", "error")
_STOCK_SIGN = {"sale": 1, "refund": -1, "return": -1}
"""What a line's quantity does to the quantity sold. Exchanges and the rest leave the stock to the inventory events."""


def validation_problem(event: Any) -> str | None:
    """Why this is no event the cloud takes, or None."""
    try:
        CloudEvent.model_validate(event)
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'event'}: {e['msg']}" for e in error.errors())
    strange = [name for name in event if not (name.isascii() and name.isalnum() and name == name.lower())]
    if strange:
        return f"{strange[0]}: attribute names are lower-case letters and digits"
    if event["type"] == TRANSACTION_TYPE:
        transaction = event["data"].get("transaction")
        if text_of(transaction, "transaction_id") is None:
            return "data.transaction.transaction_id: missing"
        if text_of(transaction.get("totals"), "gross") is None:
            return "data.transaction.totals.gross: missing"
    return None


def content_digest(value: Any) -> str:
    """Of an event's or an object's content, however it is written: order of members and white space do not count."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def event_facts(event: dict[str, Any]) -> dict[str, Any]:
    """What the ledger keeps of a valid event."""
    facts: dict[str, Any] = {"digest": content_digest(event), "type": event["type"], "source": event["source"]}
    place = [event["data"].get(name) for name in ("epoch", "sequence")]
    if all(isinstance(number, int) and not isinstance(number, bool) for number in place):
        facts["place"] = place
    if event["type"] == COMMAND_COMPLETED_TYPE:
        facts["command"] = {
            name: event["data"].get(name) for name in ("command_id", "name", "status", "result", "error")
        }
    if event["type"] == TRANSACTION_TYPE:
        transaction = event["data"]["transaction"]
        facts |= {
            "transaction_id": transaction["transaction_id"],
            "transaction_digest": content_digest(transaction),
            "transaction_type": text_of(transaction, "type"),
            "amount": transaction["totals"]["gross"],
            "currency": text_of(transaction, "currency"),
            "sold": _quantities_sold(transaction),
        }
    return facts


def text_of(value: Any, name: str) -> str | None:
    """A member that is a text and not empty, or None."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _quantities_sold(transaction: dict[str, Any]) -> dict[str, str]:
    sign = _STOCK_SIGN.get(str(transaction.get("type")), 0)
    lines = transaction.get("lines")
    sold: dict[str, Decimal] = {}
    for line in lines if sign and isinstance(lines, list) else []:
        sku, quantity = text_of(line, "sku"), text_of(line, "quantity")
        if sku is None or quantity is None:
            continue
        try:
            sold[sku] = sold.get(sku, Decimal(0)) + sign * Decimal(quantity)
        except InvalidOperation:
            continue  # the cloud's stock is not the place to judge a transaction's lines
    return {sku: str(quantity) for sku, quantity in sold.items()}
