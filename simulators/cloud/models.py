"""Shapes of the cloud's API. Its OpenAPI document is made from these and from the routes."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _must_be_rfc3339(value: Any) -> Any:
    # pydantic alone would take seconds since 1970 and dates without a time too
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        raise ValueError("must be an RFC 3339 date and time with a zone")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_must_be_rfc3339)]
DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["12.50"])]


class Token(BaseModel):
    """A bearer token (RFC 6749, section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token, not one
    expires_in: int = Field(description="Seconds.")
    scope: str | None = None


class OAuthError(BaseModel):
    """Why no token is given (RFC 6749, section 5.2)."""

    error: str = Field(examples=["invalid_client"])
    error_description: str


class Problem(BaseModel):
    """What is wrong with a request as a whole (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class CloudEvent(BaseModel):
    """A CloudEvent 1.0 in structured mode. Extension attributes are allowed, and kept."""

    model_config = ConfigDict(extra="allow", strict=True)

    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=200, description="Idempotency key, for good.")
    source: str = Field(min_length=1, max_length=500, description="Order is kept per source.")
    type: str = Field(min_length=1, max_length=200, pattern=r"^[a-z0-9-]+(\.[a-z0-9_-]+)+$")
    time: Annotated[Instant, Field(strict=False)]
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = Field(None, min_length=1)
    subject: str | None = Field(None, min_length=1)
    data: dict[str, Any]


class EventStatus(StrEnum):
    """What became of one event of a batch."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class EventResult(BaseModel):
    """The answer for one event. ``accepted`` and ``duplicate`` both mean: the cloud has it."""

    id: str | None = Field(description="Id of the event; null if it had none.")
    status: EventStatus
    error: str | None = Field(None, description="Why it is rejected. It will be rejected again if sent again as it is.")


class BatchAnswer(BaseModel):
    """An event whose id is missing here is not done: send it again."""

    results: list[EventResult]


class CatalogueItem(BaseModel):
    """What the store sells. Prices include tax."""

    sku: str
    gtin: str | None = Field(description="GTIN as printed on the item; null where none is printed (loose goods).")
    name: str
    category: str
    unit: Literal["each", "kg"]
    unit_price: DecimalText
    currency: str = Field(examples=["EUR"])
    tax_code: str
    tax_rate: DecimalText
    stock_level: int = Field(description="Whole units, rounded down.")


class CatalogueChanges(BaseModel):
    """Items that changed after a token, each in its newest state."""

    items: list[CatalogueItem]
    next: str = Field(description="Token for the next call.")
    has_more: bool


class StockLevel(BaseModel):
    """Stock of one product."""

    product_id: int
    stock_level: int


class Command(BaseModel):
    """A command for a store.

    The signature is Ed25519 over the canonical JSON of all other members: names sorted, no white space, UTF-8, numbers
    whole and below 2^53, names ASCII. Each command is answered by one event in the audit stream,
    `com.edge-gateway.gateway.command_completed.v1`. A command that is served again is not done again.
    """

    id: str = Field(min_length=1, max_length=128, description="Unique for the store, for good.")
    store_id: str = Field(description="The store it is for: a command for another one is refused.")
    name: str = Field(examples=["ping", "sync_now", "replay_dead_letters", "set_log_level", "report_status"])
    params: dict[str, Any]
    expires_at: Instant = Field(description="UTC with Z; not begun after it; at most three days ahead.")
    key_id: str | None = Field(None, description="First 16 hex digits of the SHA-256 of the raw public key.")
    signature: str = Field(description="Base64.")


class Commands(BaseModel):
    """Commands after a token, oldest first."""

    commands: list[Command]
    next: str = Field(max_length=200, description="Token for the next call: everything up to here was served.")
