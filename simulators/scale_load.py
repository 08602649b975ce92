"""What lies on a simulated scale, and how the scale is: the same for every protocol."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Literal

Condition = Literal["stable", "motion", "under", "over", "not_ready"]
CAPACITY = {"kg": Decimal("15.000"), "g": Decimal("3200.00"), "lb": Decimal("30.00")}
STEP = {"kg": Decimal("0.001"), "g": Decimal("0.01"), "lb": Decimal("0.01")}
ZERO_RANGE = Decimal("0.02")
"""Of the capacity: what may lie on the plate when it is zeroed."""


class ScaleLoad:
    """``put`` a weight on it, or set ``condition``; zero and tare as the scale's own keys would do it."""

    def __init__(self, unit: Literal["kg", "g", "lb"] = "kg", settle_s: float = 0.0) -> None:
        self.unit = unit
        self.settle_s = settle_s
        self.condition: Condition = "stable"
        self.gross = Decimal(0)
        self.tare = Decimal(0)
        self._zero = Decimal(0)
        self._moving_until_s = 0.0

    def put(self, weight: Decimal | str) -> None:
        """What lies on the plate from now on. The plate moves for ``settle_s``."""
        self.gross = Decimal(weight)
        self._moving_until_s = asyncio.get_running_loop().time() + self.settle_s

    @property
    def shown(self) -> Decimal:
        """The number on the display."""
        return (self.gross - self._zero - self.tare).quantize(STEP[self.unit])

    @property
    def state(self) -> Condition:
        """What the scale would say of itself."""
        if self.condition != "stable":
            return self.condition
        if asyncio.get_running_loop().time() < self._moving_until_s:
            return "motion"
        return "over" if self.gross > CAPACITY[self.unit] else "stable"

    def digits(self, weight: Decimal | None = None) -> str:
        """The number on the display (or another) in the scale's decimals, without its sign."""
        return f"{abs(self.shown if weight is None else weight):.{-int(STEP[self.unit].as_tuple().exponent)}f}"

    def set_zero(self) -> bool:
        """False: the plate moves, or too much lies on it."""
        if self.state != "stable" or abs(self.gross) > CAPACITY[self.unit] * ZERO_RANGE:
            return False
        self._zero, self.tare = self.gross, Decimal(0)
        return True

    def take_tare(self, weight: Decimal | None = None) -> bool:
        """What lies on the plate, or a known weight. False: the plate moves, or there is nothing to take off."""
        taken = self.gross - self._zero if weight is None else weight
        if self.state != "stable" or taken < 0:
            return False
        self.tare = taken
        return True

    def clear_tare(self) -> bool:
        self.tare = Decimal(0)
        return True
