"""How a sequence carries its stream (see schema/v001.sql)."""

from __future__ import annotations

from typing import Final

STREAM_SHIFT: Final = 40
"""Each stream has 2^40 numbers: a thousand events a second for 34 years."""


def first_sequence(stream_id: int) -> int:
    """The bottom of a stream's range; its events count up from one above it."""
    return stream_id << STREAM_SHIFT


def stream_of(sequence: int) -> int:
    """The stream an event's sequence lies in."""
    return sequence >> STREAM_SHIFT
