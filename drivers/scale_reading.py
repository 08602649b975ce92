"""What a scale shows, with its age: the shape of ``weight_changed``, of the retained state and of ``read_weight``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_gateway.contracts.events import WeightRead
from edge_gateway.contracts.states import ScaleStatus

HAS_WEIGHT = frozenset({ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_ZERO})
"""The only states with a weight beside them: what moves, is under zero or too heavy has nothing that could be sold."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``weight``: decimal text as the scale sent it. ``asked_at_s`` (monotonic): when the question was put."""

    status: ScaleStatus
    unit: str
    asked_at_s: float
    weight: str | None = None
    is_net: bool = False

    @classmethod
    def of(cls, read: WeightRead, unit: str, asked_at_s: float) -> Reading:
        """From an answer; ``unit``: where the scale sent none."""
        weight = read.weight if read.status in HAS_WEIGHT else None
        return cls(read.status, read.unit or unit, asked_at_s, weight, read.is_net)

    def says_the_same_as(self, other: Reading | None) -> bool:
        """Apart from its age."""
        return other is not None and (
            (self.status, self.weight, self.unit, self.is_net) == (other.status, other.weight, other.unit, other.is_net)
        )

    def to_json(self, now_s: float) -> Mapping[str, Any]:
        """The contract's shape. Rounded up: a value is never younger than it says."""
        return {
            "status": self.status.value,
            "weight": self.weight,
            "unit": self.unit,
            "net": self.is_net,
            "age_ms": max(0, -int(-(now_s - self.asked_at_s) * 1000 // 1)),
        }

    def __str__(self) -> str:
        if self.weight is None:
            return self.status.value
        return f"{self.weight} {self.unit}{' net' if self.is_net else ''} ({self.status.value})"
