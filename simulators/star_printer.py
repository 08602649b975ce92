"""A Star receipt printer with a cash drawer, over TCP or a serial wire; keeps its paper and breaks on demand."""

from __future__ import annotations

from simulators.printer_wires import WiredPrinter
from simulators.star_machine import ANSWERS, StarMachine


class StarPrinter(WiredPrinter, StarMachine):
    """The machine with a wire."""

    def _take(self, byte: int) -> None:
        self._filter(byte)

    def _line_begins(self) -> None:
        self._is_status_on = False

    def _line_ended(self) -> None:
        self._held.clear()


def main(argv: list[str] | None = None) -> int:
    """Run one printer until the end of standard input or Ctrl-C."""
    from simulators.receipt_printer_command import run

    return run(argv, "star-printer", StarPrinter, ANSWERS)
