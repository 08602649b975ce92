"""Replies as they were stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_gateway.contracts.commands import Reply
from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.states import ReplyStatus


def reply_from(request_id: str, body: Mapping[str, Any]) -> Reply:
    """From what ``to_json`` made, here or in the command log after a crash."""
    error = body.get("error")
    return Reply(
        request_id,
        ReplyStatus(body["status"]),
        body.get("result"),
        None if error is None else ErrorCode(error["code"]),
        None if error is None else error["message"],
        error is not None and error["retryable"],
        None if error is None else error.get("details"),
    )
