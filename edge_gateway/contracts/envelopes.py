"""The JSON around a request and its reply, as models: read by the subscriber, published as JSON Schemas."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.fields import Instant, Key
from edge_gateway.contracts.states import ReplyStatus


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestEnvelope(_Part):
    """A request on ``.../command/{name}``."""

    id: Key = Field(description="Unique for the device or terminal; its repeat is answered, not carried out.")
    params: dict[str, Any] = Field(default_factory=dict, description="As the command has it.")
    expires_at: Instant | None = Field(None, description="Not begun after this instant (UTC, Z).")
    claim: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        None, description="Token of a claim on the device; refused not_claimed where it is not, or no more, that one."
    )
    reply_to: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = Field(
        None, description="Reply topic inside the lane, for clients without MQTT 5 response topics."
    )


class ReplyError(_Part):
    """Why not."""

    code: ErrorCode
    message: str = Field(description="For people and logs; not for programs.")
    retryable: StrictBool = Field(
        description="Nothing was done: tried again unchanged, it can succeed; the code says under which id."
    )
    details: dict[str, Any] | None = Field(
        None, description="With `claimed`: owner, owner_lane and remaining_s of whoever holds the device."
    )


class ReplyEnvelope(_Part):
    """The one final reply. ``id`` is null if the request was too broken to have one."""

    id: str | None
    status: ReplyStatus
    result: dict[str, Any] | None = None
    error: ReplyError | None = None
