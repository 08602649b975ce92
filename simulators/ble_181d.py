"""A Bluetooth weight scale as the values of its characteristic 0x2A9D, one written for each weight that settled."""

from __future__ import annotations

from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate

LOOK_INTERVAL_S = 0.05


class Ble181dScale(WeighingPlate):
    """``has_person``: it sends user, BMI and height too; ``fails``: it says that the measurement was unsuccessful."""

    def __init__(self, link: Wire, **options: Any) -> None:
        super().__init__(link, **options)
        self.has_person = False
        self.fails = False
        self._told: bytes | None = None

    async def start(self) -> None:
        await super().start()
        self._look()

    def hear(self, data: bytes) -> None:
        """Nothing is written to it."""

    def _look(self) -> None:
        value = self.value()
        if value != self._told and not (self.is_moving or self.is_over or self.is_under):
            self._told = value
            self.answer(value)
        self.later(LOOK_INTERVAL_S, self._look)

    def value(self) -> bytes:
        """The characteristic's value for what lies on the plate."""
        flags = (0x01 if self.unit == "lb" else 0) | (0x0C if self.has_person else 0)
        steps = 0xFFFF if self.fails else int(self.shown * (100 if self.unit == "lb" else 200))
        person = bytes((7,)) + (223).to_bytes(2, "little") + (1750).to_bytes(2, "little") if self.has_person else b""
        return bytes((flags,)) + steps.to_bytes(2, "little") + person


def main(argv: list[str] | None = None) -> int:
    """A Bluetooth scale's values on a FIFO."""
    return run_plate("ble-181d", Ble181dScale, argv, is_fifo=True)
