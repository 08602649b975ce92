"""What the cloud's answers mean: per-event results, status codes, Retry-After. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.foreign_words import foreign_words
from edge_gateway.contracts.uplink import DELIVERED

RETRY_AFTER_S_MAX: Final = 900.0
"""A Retry-After of a year, or a wrong clock on either side, must not keep a store's sales for more than this."""

EXCERPT_CHARS_MAX: Final = 60
"""Of an answer that is none: enough to tell the page of a proxy from a broken line."""

NOT_THE_EVENTS_FAULT: Final = frozenset({401, 403, 404, 405, 407, 408, 421, 423, 425, 426, 429, 451, 511})
"""Credentials, routes, proxies, pace: sending other events instead would fail just the same."""


def raise_for_status(
    status: int, retry_after: str | None, body: bytes, now: datetime, what: str, credentials: str = "cloud.oauth"
) -> None:
    """Return if the cloud took the request; else raise what is to be done next.

    For the message: ``what`` was asked, and the section of the ``credentials``.
    """
    if status in (200, 202, 207):
        return
    words = f"{what}: {status}{_detail(body)}"
    if status in (429, 503):
        raise CloudTransientError(words, retry_after_s=retry_after_s(retry_after, now))
    if status in (401, 403):
        raise CloudTransientError(f"{words}; check {credentials} and what the cloud allows this client")
    if status in (404, 405):
        raise CloudTransientError(f"{words}; check cloud.base_url")
    if 400 <= status < 500 and status not in NOT_THE_EVENTS_FAULT:
        raise CloudPermanentError(words)
    raise CloudTransientError(words)


def parse_results(body: bytes, ids: Collection[str], what: str) -> dict[str, str]:
    """Event id to DELIVERED or the reason of its refusal, for those ``ids`` that were answered.

    Strict: an id that is unknown, a status that is unknown, or an entry that is no object is passed over, so that its
    event is sent again. Raises CloudTransientError if the body as a whole is no answer.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise CloudTransientError(f"{what}: the answer is no JSON: {_excerpt(body)}") from None
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise CloudTransientError(f'{what}: the answer has no "results": {_excerpt(body)}')
    outcomes: dict[str, str] = {}
    for result in results:
        outcome = _outcome(result)
        if outcome is not None and outcome[0] in ids:
            outcomes[outcome[0]] = outcome[1]
    return outcomes


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from either form of the header (RFC 9110, section 10.2.3); None if there is none of use."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:12])
    else:
        try:
            instant = parsedate_to_datetime(value)
        except ValueError:
            return None
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        seconds = (instant - now).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_S_MAX)


def _outcome(result: Any) -> tuple[str, str] | None:
    if not isinstance(result, dict) or not isinstance(result.get("id"), str):
        return None
    match result.get("status"):
        case "accepted" | "duplicate":
            return result["id"], DELIVERED
        case "rejected":
            return result["id"], _reason(result.get("error"))
        case _:
            return None


def _reason(error: Any) -> str:
    if error is None or error == "":
        return "rejected without a reason"
    words = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
    return foreign_words(words)


def _detail(body: bytes) -> str:
    """The ``detail`` or ``title`` of a problem document (RFC 9457), if it is one."""
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(problem, dict):
        return ""
    words = problem.get("detail") or problem.get("title")
    return f" ({_reason(words)})" if isinstance(words, str) else ""


def _excerpt(body: bytes) -> str:
    return repr(foreign_words(body.decode("utf-8", "replace"), EXCERPT_CHARS_MAX)) + f" ({len(body)} bytes)"
