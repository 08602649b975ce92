"""What a scale shows, with its age: the shape of ``weight_changed``, of the retained state and of ``read_weight``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge_gateway.contracts.events import WeightRead
from edge_gateway.contracts.states import ScaleStatus

HAS_WEIGHT = frozenset({ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_ZERO})
"""The only states with a weight beside them: what moves, is under zero or too heavy has nothing that could be sold."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``weight``, ``gross``, ``tare``: decimal text as the scale sent it. ``asked_at_s`` (monotonic): when the question
    was put, or, of a scale that sends by itself, when the line came in. ``is_net`` None: the scale does not say."""

    status: ScaleStatus
    unit: str
    asked_at_s: float
    weight: str | None = None
    is_net: bool | None = False
    gross: str | None = None
    tare: str | None = None
    resolution: str | None = None

    @classmethod
    def of(cls, read: WeightRead, unit: str, asked_at_s: float, resolution: str | None = None) -> Reading:
        """From an answer; ``unit`` and ``resolution``: where the scale sent none."""
        known = read.resolution or resolution
        if read.status not in HAS_WEIGHT or read.weight is None:
            return cls(read.status, read.unit or unit, asked_at_s, None, read.is_net, resolution=known)
        return cls(
            read.status,
            read.unit or unit,
            asked_at_s,
            read.weight,
            read.is_net,
            read.gross,
            read.tare,
            known or last_place(read.weight),
        )

    def says_the_same_as(self, other: Reading | None) -> bool:
        """Apart from its age."""
        return other is not None and replace(self, asked_at_s=other.asked_at_s) == other

    def to_json(self, now_s: float) -> Mapping[str, Any]:
        """The contract's shape. Rounded up: a value is never younger than it says."""
        return {
            "status": self.status.value,
            "weight": self.weight,
            "unit": self.unit,
            "net": self.is_net,
            "gross": self.gross,
            "tare": self.tare,
            "resolution": self.resolution,
            "age_ms": max(0, -int(-(now_s - self.asked_at_s) * 1000 // 1)),
        }

    def __str__(self) -> str:
        if self.weight is None:
            return self.status.value
        return f"{self.weight} {self.unit}{' net' if self.is_net else ''} ({self.status.value})"


def last_place(weight: str) -> str:
    """One step of the last digit that was sent: ``1.235`` has ``0.001``. The scale's own division may be larger."""
    _, point, decimals = weight.partition(".")
    return f"0.{'1'.rjust(len(decimals), '0')}" if point and decimals else "1"
