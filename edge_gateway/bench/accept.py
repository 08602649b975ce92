"""accept: sales a second, and how long from a till's publish to its ``accepted``; beside the leanest program.

The real daemon and the leanest program run at the same time under one Mosquitto and are sold to in turn, a slice each,
so that both meet the same noise. Tills sell one sale after the other; all tills of a slice sell at once.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from edge_gateway.bench.children import child
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.result import BenchResult, percentile
from edge_gateway.bench.sales import STORE_ID
from edge_gateway.bench.tills import Tills
from simulators.mosquitto import Mosquitto

TILLS: Final = (1, 10, 100)
LEAN_STORE_ID: Final = "LEAN"
SLICES: Final = 10
WARM_UP_SALES_EACH: Final = 5


async def run(
    sales: int, tills: Sequence[int] = TILLS, *, is_encrypted: bool = True, directory: Path | None = None
) -> BenchResult:
    """``sales`` to each program at each number of tills. The headline: sales a second with the most tills."""
    cases: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-accept-", dir=directory) as name:
        broker = Mosquitto(Path(name) / "broker")
        await broker.start()
        daemon = gateway(Path(name) / "ours", broker.port, store_id=STORE_ID, is_encrypted=is_encrypted)
        try:
            await daemon.start()
            with child("edge_gateway.bench.lean_accept", Path(name) / "lean.db", broker.port, LEAN_STORE_ID):
                first = 0
                for count in tills:
                    cases += await asyncio.to_thread(_measure, broker.port, first, count, sales)
                    first += count
        finally:
            await daemon.stop()
            await broker.stop()
    ours, floor = cases[-2]["sales_per_s"], cases[-1]["sales_per_s"]
    return BenchResult("accept", ours, floor, f"sales/s, {tills[-1]} tills, publish to accepted", cases)


def _measure(port: int, first: int, count: int, sales: int) -> list[dict[str, Any]]:
    programs = [
        (name, Tills(port, store_id, count, first=first), list[float](), list[float]())
        for name, store_id in (("edge-gateway", STORE_ID), ("lean: committed, then answered", LEAN_STORE_ID))
    ]
    rounds = max(1, round(sales / count / SLICES))
    for number in range(SLICES + 1):
        for _, tills, latencies, rates in programs:
            taken, seconds = tills.sell(rounds if number else WARM_UP_SALES_EACH)
            if number:
                latencies += taken
                rates.append(len(taken) / seconds)
    for _, tills, _, _ in programs:
        tills.close()
    return [
        {
            "case": f"{count} tills",
            "program": name,
            "sales": len(latencies),
            "sales_per_s": round(median(rates)),
            "p50_ms": round(percentile(latencies, 50) * 1000, 2),
            "p99_ms": round(percentile(latencies, 99) * 1000, 2),
        }
        for name, _, latencies, rates in programs
    ]
