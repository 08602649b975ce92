"""A USB HID scale (usage page 0x8D) as a stream of its six-byte input reports: a FIFO instead of a hidraw node."""

from __future__ import annotations

from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate

REPORT_INTERVAL_S = 0.1
UNITS = {"g": 2, "kg": 3, "oz": 11, "lb": 12}


class Hid8dScale(WeighingPlate):
    """``sleeps_after_s``: without a change it stops reporting, as Dymo scales do after three minutes; 0: never."""

    noise = bytes(set(range(0x100)) - {0x03})

    def __init__(self, link: Wire, **options: Any) -> None:
        super().__init__(link, **options)
        self.interval_s = REPORT_INTERVAL_S
        self.sleeps_after_s = 0.0
        self._unchanged_s = 0.0
        self._last = b""

    async def start(self) -> None:
        await super().start()
        self._report()

    def hear(self, data: bytes) -> None:
        """Report 2: bit 1 sets it to zero."""
        if data[:1] == b"\x02" and data[1:2] and data[1] & 0x02 and not self.is_moving:
            self.zero = self.gross

    def _report(self) -> None:
        report = self.report()
        self._unchanged_s = self._unchanged_s + self.interval_s if report == self._last else 0.0
        self._last = report
        if not self.sleeps_after_s or self._unchanged_s < self.sleeps_after_s:
            self.answer(report)
        self.later(self.interval_s, self._report)

    def report(self) -> bytes:
        """What it shows now."""
        if self.is_moving:
            status = 3
        elif self.is_over:
            status = 6
        elif self.is_under:
            status = 5
        else:
            status = 4 if self.shown else 2
        decimals = -int(self.step.as_tuple().exponent)
        raw = int(abs(self.shown) / self.step) if status in (2, 4, 5) else 0
        return bytes((3, status, UNITS[self.unit], (256 - decimals) % 256)) + raw.to_bytes(2, "little")


def main(argv: list[str] | None = None) -> int:
    """A HID scale's reports on a FIFO."""
    return run_plate("hid-8d", Hid8dScale, argv, is_fifo=True)
