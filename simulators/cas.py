"""A CAS scale on a serial link: enquiry, then a block with the weight, or with weight, keyed-in price and total."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate


class CasScale(WeighingPlate):
    """``unit_price``: as keyed in; ``has_long_weight`` and ``starts_high``: as some firmware does."""

    noise = bytes(set(range(0x20, 0x100)) - {0x81})

    def __init__(self, link: Wire, **options: Any) -> None:
        super().__init__(link, **options)
        self.unit_price = Decimal("2.99")
        self.has_long_weight = False
        self.starts_high = False

    def hear(self, data: bytes) -> None:
        for byte in data:
            if byte == 0x05:
                self.answer(b"\x06")
            elif byte in (0x11, 0x12):
                self._tell(has_price=byte == 0x12)

    def _tell(self, *, has_price: bool) -> None:
        state = "U" if self.is_moving else "S"
        sign = "F" if self.is_over else "-" if self.is_under else " "
        number = Decimal(0) if self.is_over else abs(self.shown)
        width = 7 if self.has_long_weight else 6
        body = f"{state}{sign}{number:0{width}.3f}{self.unit}"
        if has_price:
            body += f"{int(self.unit_price * 100):06d}{int(self.price_of(self.unit_price) * 100):06d}"
        block_check = 0
        for byte in body.encode("ascii"):
            block_check ^= byte
        head = b"\x81\x02" if self.starts_high else b"\x01\x02"
        self.answer(head + body.encode("ascii") + bytes((self.check(block_check), 3, 4)))
        self.counters["weighings"] += 1


def main(argv: list[str] | None = None) -> int:
    """A CAS scale on a pty."""
    return run_plate("cas", CasScale, argv)
