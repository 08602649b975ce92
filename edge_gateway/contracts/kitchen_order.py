"""An order for the kitchen, as ``pos/{terminal}/command/print_order`` takes it, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge_gateway.contracts.fields import NAME_PATTERN, PRINTED_PATTERN, TEXT_PATTERN, Instant, Level
from edge_gateway.contracts.money import Quantity

ITEMS_MAX = 200
"""Of one order: a party of forty with five courses."""
WORDS_MAX = 200

OrderId = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""It becomes part of the print jobs' ids."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=WORDS_MAX, pattern=TEXT_PATTERN)]
Category = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=PRINTED_PATTERN)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OrderItem(_Part):
    """``category``: what routes of the configuration are chosen by. ``change``: of an order that was sent before."""

    quantity: Quantity
    name: Words
    category: Category
    modifiers: Annotated[tuple[Words, ...], Field(max_length=20)] = ()
    note: Words | None = None
    change: Literal["added", "cancelled"] | None = None


class Order(_Part):
    """``revision``: 0 for the first tickets of an order, more for each change of it that is to be printed."""

    order_id: OrderId
    revision: int = Field(0, ge=0, le=999, strict=True)
    number: Words = Field(description="As it is called out.")
    placed_at: Instant
    table: Words | None = None
    covers: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    waiter: Words | None = None
    note: Words | None = None
    items: Annotated[tuple[OrderItem, ...], Field(min_length=1, max_length=ITEMS_MAX)]


class PrintOrderParams(_Part):
    """``params`` of ``print_order``."""

    order: Order
    language: Words | None = Field(None, description="ISO 639, such as de; default: as configured.")


class TicketError(_Part):
    """Why a ticket was not accepted."""

    code: str
    message: str
    retryable: bool


class Ticket(_Part):
    """One print job of the order."""

    printer: Level
    station: str | None
    job_id: str
    items: int = Field(ge=1, description="Lines on it.")
    status: Literal["accepted", "completed", "failed", "unknown"]
    error: TicketError | None = None


class PrintOrderResult(_Part):
    """Every ticket is on the gateway's disk: it will be printed, or its end is told as ``print_job_changed``."""

    tickets: Annotated[tuple[Ticket, ...], Field(min_length=1)]
