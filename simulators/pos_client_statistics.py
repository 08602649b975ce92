"""What a POS client saw, counted honestly: what was asked, what came back, how long it took."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

LATENCIES_MAX = 100_000
"""Kept per kind of request, the newest: hours of selling, a few megabytes."""


def _latencies() -> deque[float]:
    return deque(maxlen=LATENCIES_MAX)


@dataclass
class PosStatistics:
    """Of one POS client."""

    scans_sent: int = 0
    scans_seen: int = 0
    scans_lost: int = 0
    """Scanned in the simulation, but no event came in time (then scanned again, or keyed in)."""
    scans_unexpected: int = 0
    weights: int = 0
    weights_failed: int = 0
    items_keyed: int = 0
    items_skipped: int = 0
    sales: int = 0
    submitted: int = 0
    accepted: dict[str, str] = field(default_factory=dict)
    """Transaction id to event id."""
    refused: list[str] = field(default_factory=list)
    conflicts: int = 0
    prints_completed: int = 0
    prints_failed: int = 0
    prints_unknown: int = 0
    prints_unanswered: int = 0
    repeats: int = 0
    """Requests sent again under the same id, because no reply came."""
    errors: Counter[str] = field(default_factory=Counter)
    """Error codes of replies, and what was wrong with messages."""
    latencies_s: dict[str, deque[float]] = field(default_factory=dict)
    """By kind of request, from its first sending to its reply."""
    scan_to_bus_s: deque[float] = field(default_factory=_latencies)
    """From the last byte on the scanner's wire to the event at the POS; the clock is CLOCK_MONOTONIC on both sides."""

    def answered(self, kind: str, seconds: float) -> None:
        """A reply came."""
        self.latencies_s.setdefault(kind, _latencies()).append(seconds)

    def to_json(self) -> dict[str, Any]:
        """For reports."""
        counts = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        return {
            **counts,
            "accepted": len(self.accepted),
            "refused": list(self.refused),
            "errors": dict(self.errors),
            "latency_ms": {kind: percentiles_ms(values) for kind, values in sorted(self.latencies_s.items())},
            "scan_to_bus_ms": percentiles_ms(self.scan_to_bus_s),
        }


def percentiles_ms(seconds: Iterable[float]) -> dict[str, float | None]:
    """p50, p99 and p100 (the largest), in milliseconds; None without values."""
    ordered = sorted(seconds)
    return {f"p{percent}": _percentile_ms(ordered, percent) for percent in (50, 99, 100)}


def _percentile_ms(ordered: Sequence[float], percent: int) -> float | None:
    # nearest rank: a latency that was really seen
    return round(ordered[math.ceil(len(ordered) * percent / 100) - 1] * 1000, 3) if ordered else None
