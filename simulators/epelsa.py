"""An Epelsa scale on a serial link: lines of text that it sends by itself."""

from __future__ import annotations

from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate

LINE_INTERVAL_S = 0.1


class EpelsaScale(WeighingPlate):
    """``is_extended``: lines say whether they are stable; ``interval_s``: from line to line."""

    def __init__(self, link: Wire, **options: Any) -> None:
        super().__init__(link, **options)
        self.is_extended = True
        self.interval_s = LINE_INTERVAL_S

    async def start(self) -> None:
        await super().start()
        self._tell()

    def hear(self, data: bytes) -> None:
        """It listens to nobody."""

    def _tell(self) -> None:
        is_stable = not (self.is_moving or self.is_over or self.is_under)
        sign = "-" if self.is_under else " "
        number = f"{abs(self.shown):6.3f}"
        line = f"\x1b{'S' if is_stable else 'U'}{sign}{number}" if self.is_extended else f"{sign} {number}"
        self.answer(f"{line}\r\n".encode("ascii"))
        self.later(self.interval_s, self._tell)


def main(argv: list[str] | None = None) -> int:
    """An Epelsa scale on a pty."""
    return run_plate("epelsa", EpelsaScale, argv)
