"""print: a receipt of forty lines: its bytes, how long it takes to be made, sent and confirmed; a printer that stalls.

The headline is the time from the till's request to the last byte of the receipt at a printer on a wire of 9600 baud,
beside a bare program that writes the same bytes to the same wire: what status questions, the durable spool and the bus
cost there.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from edge_gateway.bench import print_rate, print_render, print_stall, print_wire
from edge_gateway.bench.result import BenchResult


async def run(receipts: int, jobs: int, stall_s: float) -> BenchResult:
    """``receipts`` over the slow wire and ``jobs`` over TCP by each program; with printers that stall for ``stall_s``,
    and as long without."""
    cases: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-print-") as name:
        directory = Path(name)
        cases += await print_wire.cases(directory / "wire", receipts)
        cases += print_render.cases()
        cases += await print_rate.cases(directory / "rate", jobs)
        cases += await print_stall.cases(directory / "stall", stall_s)
    ours, floor = cases[0]["p50_s"], cases[1]["p50_s"]
    return BenchResult("print", ours, floor, "s p50, request to last byte at 9600 baud", cases)
