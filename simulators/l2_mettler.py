"""A Mettler scale with the L2 protocol on a serial link: a price is set, then the result is asked for."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate

LINE_BYTES_MAX = 64


class L2MettlerScale(WeighingPlate):
    """``acknowledges``: answers a price with ACK; some only answer the next question."""

    def __init__(self, link: Wire, **options: Any) -> None:
        super().__init__(link, **options)
        self.acknowledges = True
        self._input = bytearray()
        self._unit_price = Decimal(0)

    def hear(self, data: bytes) -> None:
        self._input += data
        del self._input[:-LINE_BYTES_MAX]
        while b"\r\n" in self._input:
            line, _, rest = bytes(self._input).partition(b"\r\n")
            self._input[:] = rest
            self._obey(line.decode("latin-1"))

    def _obey(self, line: str) -> None:
        if line == "D":
            self._tell()
        elif match := re.fullmatch(r"G(\d{5})(?:T(\d{4}))?", line):
            self._unit_price = Decimal(match[1]) / 100
            self.tare = Decimal(match[2] or 0) * self.step
            if self.acknowledges:
                self.answer(b"\x06\r\n")
        else:
            self.answer(b"E1\r\n")

    def _tell(self) -> None:
        if self.is_moving or self.is_over or self.is_under:
            self.answer(b"\x15\r\n")
            return
        total = int(self.price_of(self._unit_price) * 100)
        self.answer(f"{self.digits} {total:06d}\r\n".encode("ascii"))
        self.counters["weighings"] += 1


def main(argv: list[str] | None = None) -> int:
    """An L2 scale on a pty."""
    return run_plate("l2-mettler", L2MettlerScale, argv)
