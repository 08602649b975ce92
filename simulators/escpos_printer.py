"""An ESC/POS receipt printer with a cash drawer, over TCP or a serial wire; keeps its paper and breaks on demand."""

from __future__ import annotations

from simulators.escpos_machine import EscposMachine
from simulators.printer_wires import WiredPrinter


class EscposPrinter(WiredPrinter, EscposMachine):
    """The machine with a wire."""

    def _take(self, byte: int) -> None:
        self._filter.feed(byte)

    def _line_begins(self) -> None:
        self._asb_mask = 0

    def _line_ended(self) -> None:
        self._filter.clear()


def main(argv: list[str] | None = None) -> int:
    """Run one printer until the end of standard input or Ctrl-C."""
    from simulators.escpos_machine import ANSWERS
    from simulators.receipt_printer_command import run

    return run(argv, "escpos-printer", EscposPrinter, ANSWERS)
