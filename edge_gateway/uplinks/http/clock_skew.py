"""Whether a refusal may be the fault of this box's clock: told by the Date of the far end's answer. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

CLOCK_SKEW_S_MAX: Final = 60.0
"""Tokens and signatures are allowed about this much; where clocks differ by more, a refusal is no riddle."""


def skew_words(date: str | None, now: datetime) -> str | None:
    """What is wrong with the clock and what to do, or None. ``date``: the header of an answer."""
    try:
        instant = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    skew_s = (now - instant).total_seconds()
    if abs(skew_s) <= CLOCK_SKEW_S_MAX:
        return None
    direction = "ahead of" if skew_s > 0 else "behind"
    return (
        f"this box's clock is {abs(skew_s):.0f} s {direction} the far end's, and what is signed or dated is refused "
        "for it: set the clock, or let it be set (timedatectl set-ntp true)"
    )
