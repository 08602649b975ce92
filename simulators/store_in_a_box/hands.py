"""Hands at the demo's printers: a person's orders through a FIFO, and the newest paper in a file."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from simulators.label_machine import FAULTS, Fault
from simulators.label_printer import LabelPrinter
from simulators.printer_wires import WiredPrinter
from simulators.receipt_printer_command import Console

READ_BYTES = 4096
LINE_BYTES_MAX = 200
"""An order is a few words; what is longer is none."""


class Hands:
    """``orders/NAME`` takes lines such as ``paper_out on``; what is answered stands in ``orders/NAME.said``, and the
    newest receipt or label in ``paper/NAME.txt``."""

    def __init__(self, directory: Path, name: str) -> None:
        self._paper = directory / "paper" / f"{name}.txt"
        self._said = directory / "orders" / f"{name}.said"
        self._orders = directory / "orders" / name
        self._fd: int | None = None
        self._obey: Callable[[str], object] = lambda line: None
        self._line = b""

    def take(self, printer: WiredPrinter | LabelPrinter) -> None:
        """Put them on a printer."""
        self._paper.parent.mkdir(parents=True, exist_ok=True)
        self._open()
        if isinstance(printer, LabelPrinter):
            self._obey = lambda line: self._order_labels(printer, line)
            printer.on_change = lambda: self._keep([*printer.labels[-1].texts, *map(str, printer.labels[-1].codes)])
        else:
            self._obey = Console(printer, self._tell).obey
            printer.on_change = lambda what: self._keep(printer.paper.receipts[-1].lines if what == "receipt" else ())

    def release(self) -> None:
        """Take them away."""
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None
        self._orders.unlink(missing_ok=True)

    def _open(self) -> None:
        self._orders.parent.mkdir(parents=True, exist_ok=True)
        self._orders.unlink(missing_ok=True)
        os.mkfifo(self._orders, 0o600)
        # Read and write: it does not end when whoever gave an order has closed it.
        self._fd = os.open(self._orders, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._fd, self._hear, self._fd)

    def _hear(self, fd: int) -> None:
        *lines, self._line = (self._line + os.read(fd, READ_BYTES)).split(b"\n")
        self._line = self._line[-LINE_BYTES_MAX:]
        for line in lines:
            self._obey(line.decode(errors="replace").strip())

    def _order_labels(self, printer: LabelPrinter, line: str) -> None:
        fault, _, wanted = line.partition(" ")
        if fault in FAULTS and wanted in ("on", "off"):
            printer.set_fault(cast(Fault, fault), wanted == "on")
        else:
            self._tell({"error": f"{line!r}: expected on or off behind one of {', '.join(FAULTS)}"})

    def _keep(self, lines: Iterable[str]) -> None:
        if text := "\n".join(lines):
            self._paper.write_text(f"{text}\n", "utf-8")

    def _tell(self, news: dict[str, Any]) -> None:
        self._said.write_text(json.dumps(news, ensure_ascii=False) + "\n", "utf-8")
