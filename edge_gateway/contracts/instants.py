"""Instants as text. Apart from the clock, so that what has no clock can write one it was given."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(instant: datetime) -> str:
    """UTC with milliseconds and ``Z``: ``2026-11-21T10:16:20.123Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def expired_words(expires_at: datetime, now: datetime) -> str:
    """Both instants: a till whose clock is wrong by years sees it at once."""
    return f"expired at {rfc3339(expires_at)}; the gateway's clock says {rfc3339(now)}"
