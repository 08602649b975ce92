"""For tests only, never of a real cloud: what arrived and how often, and faults on demand. Asks for no token."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from simulators.cloud.command_desk import CommandOrder
from simulators.cloud.core import Cloud, cloud_of
from simulators.cloud.faults import Fault
from simulators.cloud.problems import ProblemError

router = APIRouter(prefix="/oracle", include_in_schema=False)


class Price(BaseModel):
    """A new price."""

    unit_price: Decimal = Field(ge=0, max_digits=12, decimal_places=2)


@router.get("/events")
async def events(request: Request, transaction_id: Annotated[str | None, Query()] = None) -> dict[str, Any]:
    """Every event id that was seen, with its counts; those of one transaction if it is named."""
    entries = cloud_of(request).ledger.entries.values()
    wanted = [asdict(entry) for entry in entries if transaction_id in (None, entry.transaction_id)]
    return {"events": wanted}


@router.get("/transactions")
async def transactions(request: Request) -> dict[str, list[str]]:
    """Transaction id to the event ids applied for it."""
    return cloud_of(request).ledger.event_ids_by_transaction


@router.get("/summary")
async def summary(request: Request) -> dict[str, Any]:
    """Totals, tokens given, and how often each fault struck."""
    cloud = cloud_of(request)
    return {
        **cloud.ledger.summary(),
        "tokens_issued": cloud.tokens.issued,
        "faults_struck": dict(cloud.faults.counters),
    }


@router.get("/faults")
async def active_fault(request: Request) -> dict[str, Any]:
    """The fault that is on, or mode ``none``."""
    return _fault_json(cloud_of(request))


@router.put("/faults")
async def set_fault(request: Request, fault: Fault) -> dict[str, Any]:
    """Replace the fault."""
    cloud = cloud_of(request)
    cloud.set_fault(fault)
    return _fault_json(cloud)


@router.put("/refusals")
async def refuse_events(request: Request, ids: list[str]) -> dict[str, int]:
    """From now on reject the events of these ids, and no others, whatever is in them."""
    cloud_of(request).ledger.refused_ids = set(ids)
    return {"refused": len(ids)}


@router.get("/commands")
async def command_key(request: Request) -> dict[str, str]:
    """The public key (PEM) that commands are signed for."""
    return {"public_key": cloud_of(request).commands.public_key}


@router.get("/commands/outcomes")
async def command_outcomes(request: Request) -> list[dict[str, Any]]:
    """What the stores told of their commands."""
    return cloud_of(request).ledger.command_outcomes()


@router.put("/commands")
async def give_command(request: Request, order: CommandOrder) -> dict[str, Any]:
    """Sign a command and serve it from now on; answers it as it is served."""
    return cloud_of(request).commands.give(order)


@router.delete("/commands/tokens")
async def forget_command_tokens(request: Request) -> dict[str, str]:
    """No token given before is known any more; every command is served again to who asks without one."""
    cloud_of(request).commands.forget_tokens()
    return {}


@router.put("/catalogue/{sku}")
async def set_price(request: Request, sku: str, price: Price) -> dict[str, str]:
    """Change a price: the item appears in the catalogue's changes."""
    if not cloud_of(request).shop.set_price(sku, price.unit_price):
        raise ProblemError(404, f"product {sku}: unknown")
    return {"sku": sku, "unit_price": str(price.unit_price)}


def _fault_json(cloud: Cloud) -> dict[str, Any]:
    fault = cloud.faults.active
    return {"mode": "none"} if fault is None else fault.model_dump(mode="json")
