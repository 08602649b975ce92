"""cloud-trouble: a scan on a pty, durable, on the bus, in another process, while the cloud is healthy, dead (connection
refused), stalled (takes requests, never answers) and refusing (500).

Four real daemons, one for each cloud, run at the same time under one broker and are fed in turn, one scan at a time, so
that all meet the same noise. Every scan is forwarded; the clouds that fail let it pile up.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from edge_gateway.bench.children import child
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.result import BenchResult, percentile
from edge_gateway.bench.scan_latency import arrival_of, pty, scanner
from simulators.mosquitto import Mosquitto, free_port

CLOUDS: Final = {"healthy": "accept", "dead": None, "stalled": "stall", "refusing": "refuse"}
"""What lean_cloud is told to do; None: nobody listens."""
WARM_UP_SCANS: Final = 50
LIMIT_MS: Final = 5.0


async def run(scans: int, *, directory: Path | None = None) -> BenchResult:
    """``scans`` with each cloud. The headline: the slowest p50 with a failing cloud, beside the healthy one."""
    with tempfile.TemporaryDirectory(prefix="bench-trouble-", dir=directory) as name:
        latencies_ms = await _measure(Path(name), scans)
    healthy = latencies_ms["healthy"]
    cases: list[dict[str, Any]] = [
        {
            "case": f"cloud {cloud}",
            "scans": len(measured),
            **{f"p{rank}_ms": round(percentile(measured, rank), 3) for rank in (50, 99)},
            **{
                f"p{rank}_difference_ms": round(percentile(measured, rank) - percentile(healthy, rank), 3)
                for rank in (50, 99)
            },
            "limit_ms": LIMIT_MS,
        }
        for cloud, measured in latencies_ms.items()
    ]
    worst = max(case["p50_ms"] for case in cases if case["case"] != "cloud healthy")
    return BenchResult("cloud-trouble", worst, cases[0]["p50_ms"], "ms p50 of a scan, worst cloud", cases)


async def _measure(directory: Path, scans: int) -> dict[str, list[float]]:
    async with AsyncExitStack() as stack:
        broker = Mosquitto(directory / "broker")
        stack.push_async_callback(broker.stop)
        await broker.start()
        listener = stack.enter_context(
            child("edge_gateway.bench.bus_listener", broker.port, "edge/v1/+/+/scanner/+/event/#")
        )
        feeders = {}
        for cloud, mode in CLOUDS.items():
            port = free_port()
            if mode is not None:
                stack.enter_context(child("edge_gateway.bench.lean_cloud", port, mode, "silent"))
            path = directory / cloud
            daemon = gateway(
                path,
                broker.port,
                store_id=cloud.upper(),
                devices=[scanner(path / "pty")],
                cloud={"base_url": f"http://127.0.0.1:{port}"},
                settings={"durable_before_bus": True},
            )
            feeders[cloud] = stack.enter_context(pty(path / "pty"))
            stack.push_async_callback(daemon.stop)
            await daemon.start()
            await daemon.wait_devices_online()

        def feed() -> dict[str, list[float]]:
            latencies_ms: dict[str, list[float]] = {cloud: [] for cloud in feeders}
            for number in range(WARM_UP_SCANS + scans):
                for cloud, master in feeders.items():
                    code = f"{cloud}-{number:08d}"
                    start = time.monotonic_ns()
                    os.write(master, code.encode() + b"\r\n")
                    arrival = arrival_of(listener, cloud.upper(), code)
                    if number >= WARM_UP_SCANS:
                        latencies_ms[cloud].append((arrival - start) / 1e6)
            return latencies_ms

        return await asyncio.to_thread(feed)
