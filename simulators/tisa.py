"""A scale with the TISA protocol on a serial link: it answers a weight that is stable and new, or after 7 seconds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate

PATIENCE_S = 7.0
LOOK_AGAIN_S = 0.02
DIVISIONS = 20
LINE_BYTES_MAX = 64


class TisaScale(WeighingPlate):
    """``patience_s``: how long it waits for a stable weight; ``wants_change``: the rule of 20 divisions."""

    def __init__(self, link: Wire, **options: Any) -> None:
        super().__init__(link, **options)
        self.patience_s = PATIENCE_S
        self.wants_change = True
        self._input = bytearray()
        self._answered: Decimal | None = None

    def hear(self, data: bytes) -> None:
        self._input += data
        del self._input[:-LINE_BYTES_MAX]
        while b"\r\n" in self._input:
            line, _, rest = bytes(self._input).partition(b"\r\n")
            self._input[:] = rest
            self._take(line)

    def _take(self, line: bytes) -> None:
        if len(line) != 8 or not line.startswith(b"98") or _xor(line[:-1]) != line[-1]:
            self.counters["refused"] += 1
            return
        self._weigh(Decimal(line[2:7].decode("ascii")) / 100, self.patience_s)

    def _weigh(self, unit_price: Decimal, left_s: float) -> None:
        is_ready = not (self.is_moving or self.is_over or self.is_under) and self._is_new()
        if not is_ready and left_s > 0:
            self.later(LOOK_AGAIN_S, lambda: self._weigh(unit_price, left_s - LOOK_AGAIN_S))
            return
        if is_ready:
            self._answered = self.shown
            self.counters["weighings"] += 1
        total = int(self.price_of(unit_price) * 100)
        is_price_wrong = total > 999999
        body = f"99{0 if is_ready else 1}{self.digits}{1 if is_price_wrong else 0}{0 if is_price_wrong else total:06d}"
        check = self.check(_xor(body.encode("ascii")))
        self.answer(body.encode("ascii") + bytes((check,)) + b"\r\n")

    def _is_new(self) -> bool:
        if not self.wants_change or self._answered is None:
            return True
        return abs(self.shown - self._answered) >= DIVISIONS * self.step


def _xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value


def main(argv: list[str] | None = None) -> int:
    """A TISA scale on a pty."""
    return run_plate("tisa", TisaScale, argv)
