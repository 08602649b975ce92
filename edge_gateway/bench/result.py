"""What a benchmark answers: ours, the floor, and their ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BenchResult:
    """``ratio`` is ours / floor of the headline case; ``cases`` hold everything measured."""

    name: str
    ours: float
    floor: float
    unit: str
    cases: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ratio": round(self.ours / self.floor, 3) if self.floor else math.inf,
            "ours": self.ours,
            "floor": self.floor,
            "unit": self.unit,
            "cases": [dict(case) for case in self.cases],
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank. Raises ValueError on no values."""
    if not values:
        raise ValueError("percentile of no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
