"""backlog: how long until a sale is on disk with 0, 100,000 and 1,000,000 rows pending; how soon the first batch leaves
once the cloud is back.

Three processes hold a store each and append one keyed sale in turn, so that all meet the same noise. The second part
is the real daemon: its cloud is away (connections refused) until it retries at its longest interval.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from edge_gateway.bench import stores
from edge_gateway.bench.children import ask, child, line_of
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.result import BenchResult, percentile
from edge_gateway.bench.sales import STORE_ID, Sales
from simulators.mosquitto import Mosquitto, free_port

ROWS: Final = (0, 100_000, 1_000_000)
WARM_UP_APPENDS: Final = 20
RETURN_BACKLOG_EVENTS: Final = 1_000
RETURN_S_MAX: Final = 60.0
"""Six times what is promised: beyond, it will not come."""


async def run(
    appends: int,
    outage_s: float,
    rows: Sequence[int] = ROWS,
    *,
    is_encrypted: bool = True,
    directory: Path | None = None,
) -> BenchResult:
    """``appends`` at each number of rows. ``outage_s``: how long the cloud is away; 0: that part is left out."""
    with tempfile.TemporaryDirectory(prefix="bench-backlog-", dir=directory) as name:
        cases = await asyncio.to_thread(_measure, Path(name), rows, appends, is_encrypted)
        if outage_s > 0:
            cases.append(await _cloud_returns(Path(name) / "return", outage_s))
    ours, floor = cases[len(rows) - 1]["p50_us"], cases[0]["p50_us"]
    return BenchResult("backlog", ours, floor, f"us p50 to disk with {rows[-1]} rows, beside {rows[0]}", cases)


def _measure(directory: Path, rows: Sequence[int], appends: int, is_encrypted: bool) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        workers: list[subprocess.Popen[str]] = []
        facts: list[dict[str, float]] = []
        for count in rows:
            started = time.monotonic()
            arguments = (directory / f"store-{count}", count, int(is_encrypted))
            workers.append(stack.enter_context(child("edge_gateway.bench.backlog_store", *arguments)))
            facts.append({"fill_s": round(time.monotonic() - started, 1)})
        latencies_us: list[list[float]] = [[] for _ in rows]
        for number in range(WARM_UP_APPENDS + appends):
            for worker, latencies in zip(workers, latencies_us, strict=True):
                taken_us = float(ask(worker, "append"))
                if number >= WARM_UP_APPENDS:
                    latencies.append(taken_us)
        return [
            {
                "case": f"{count} rows pending",
                "appends": len(latencies),
                "p50_us": round(percentile(latencies, 50)),
                "p99_us": round(percentile(latencies, 99)),
                "memory_mb": float(ask(worker, "memory")),
                **fact,
            }
            for count, worker, latencies, fact in zip(rows, workers, latencies_us, facts, strict=True)
        ]


async def _cloud_returns(directory: Path, outage_s: float) -> dict[str, Any]:
    """From the instant the cloud listens again to its first batch, as the cloud sees it."""
    broker = Mosquitto(directory / "broker")
    await broker.start()
    port = free_port()
    daemon = gateway(directory, broker.port, store_id=STORE_ID, cloud={"base_url": f"http://127.0.0.1:{port}"})
    async with stores.opened(directory / "outbox", is_encrypted=False) as (_, outbox):
        await stores.fill(outbox, Sales(), RETURN_BACKLOG_EVENTS)
    await daemon.start()
    try:
        await asyncio.sleep(outage_s)
        returned_s = await asyncio.wait_for(asyncio.to_thread(_first_batch_after_s, port), RETURN_S_MAX)
    finally:
        await daemon.stop()
        await broker.stop()
    return {"case": "cloud returns", "outage_s": outage_s, "first_batch_after_s": round(returned_s, 2), "limit_s": 10}


def _first_batch_after_s(port: int) -> float:
    with child("edge_gateway.bench.lean_cloud", port, "accept", "tell") as cloud:
        started_ns = time.monotonic_ns()
        return (int(line_of(cloud).split()[0]) - started_ns) / 1e9
