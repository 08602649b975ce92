"""Requests from the bus and their one final reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from edge_gateway.contracts.errors import ErrorCode, RequestError, UnknownOutcomeError
from edge_gateway.contracts.states import ReplyStatus


@dataclass(frozen=True, slots=True)
class Request:
    """A validated request. ``target``: device or terminal id; ``name``: the command, as in the topic."""

    id: str
    lane: str
    device_class: str
    target: str
    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    claim: str | None = field(default=None, repr=False)
    """Token of the claim it is made under."""

    def digest(self) -> str:
        """Of what is asked for: a repeat under the same id has the same one, whatever its expiry and its claim."""
        content = json.dumps([self.name, self.params], sort_keys=True, separators=(",", ":"))
        return sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """The one final answer to a request."""

    id: str
    status: ReplyStatus
    result: Mapping[str, Any] | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None
    is_retryable: bool = False
    error_details: Mapping[str, Any] | None = None

    @classmethod
    def failed(cls, request_id: str, error: RequestError) -> Reply:
        """From an error: ``unknown`` where the outcome is not known, else ``failed``."""
        status = ReplyStatus.UNKNOWN if isinstance(error, UnknownOutcomeError) else ReplyStatus.FAILED
        return cls(request_id, status, None, error.code, str(error), error.is_retryable, error.details)

    def to_json(self) -> dict[str, Any]:
        """The contract's shape: ``{"id", "status", "result"?, "error"?: {"code", "message", "retryable"}}``."""
        body: dict[str, Any] = {"id": self.id, "status": self.status.value}
        if self.result is not None:
            body["result"] = dict(self.result)
        if self.error_code is not None:
            body["error"] = {
                "code": self.error_code.value,
                "message": self.error_message or "",
                "retryable": self.is_retryable,
            }
            if self.error_details is not None:
                body["error"]["details"] = dict(self.error_details)
        return body
