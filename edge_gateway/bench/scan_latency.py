"""scan-latency: a scan on a pty, durable, published at QoS 1, received by another process; beside the leanest program.

Both programs run at the same time on ptys of their own, under one broker, and are fed in turn, one scan at a time, so
that both meet the same noise. The clock is CLOCK_MONOTONIC, which is one for all processes of a machine.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_gateway.bench.children import child, line_of
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.result import BenchResult, percentile
from simulators.mosquitto import Mosquitto

WARM_UP_SCANS = 50
SCAN_TIMEOUT_S = 10.0
LEAN_TOPIC = "edge/v1/BENCH/lean/scanner/lean/event/barcode_scanned"


async def run(scans: int) -> BenchResult:
    """``scans`` per program and mode. The headline: durable before the bus, p50."""
    cases: list[dict[str, Any]] = []
    for is_durable_first in (True, False):
        with tempfile.TemporaryDirectory(prefix="bench-scan-") as directory:
            ours, lean = await _measure(Path(directory), scans, is_durable_first=is_durable_first)
        mode = "durable, then published" if is_durable_first else "published at once, durable beside it"
        for program, latencies in (("edge-gateway", ours), ("lean: durable, then published", lean)):
            cases.append(
                {
                    "case": mode,
                    "program": program,
                    "scans": len(latencies),
                    "p50_us": round(percentile(latencies, 50)),
                    "p99_us": round(percentile(latencies, 99)),
                }
            )
    headline, floor = float(cases[0]["p50_us"]), float(cases[1]["p50_us"])
    return BenchResult("scan-latency", headline, floor, "us p50, pty to another process, durable", cases)


async def _measure(directory: Path, scans: int, *, is_durable_first: bool) -> tuple[list[float], list[float]]:
    broker = Mosquitto(directory / "broker")
    await broker.start()
    try:
        with pty(directory / "pty") as our_pty, pty(directory / "lean") as lean_pty:
            daemon = gateway(
                directory / "ours",
                broker.port,
                store_id="BENCH",
                devices=[scanner(directory / "pty")],
                settings={"durable_before_bus": is_durable_first},
            )
            await daemon.start()
            try:
                await daemon.wait_devices_online()
                lean_arguments = (directory / "lean", directory / "lean.db", broker.port, LEAN_TOPIC)
                listen_to = "edge/v1/BENCH/+/scanner/+/event/#"
                with (
                    child("edge_gateway.bench.lean_scan", *lean_arguments),
                    child("edge_gateway.bench.bus_listener", broker.port, listen_to) as listener,
                ):
                    feeders = [(our_pty, "lane-1"), (lean_pty, "lean")]
                    return await asyncio.to_thread(_feed, feeders, listener, scans)
            finally:
                await daemon.stop()
    finally:
        await broker.stop()


def scanner(path: Path) -> dict[str, Any]:
    """The configured device: a serial scanner at ``path``, whose scans are forwarded."""
    return {
        "id": "scanner",
        "lane": "lane-1",
        "profile": "generic-serial-scanner",
        "transport": {"kind": "serial", "path": path},
        "settings": {"suffix": "crlf"},
        "forward": ["barcode_scanned"],
    }


@contextmanager
def pty(path: Path) -> Iterator[int]:
    """A raw pty whose slave stands under ``path``; gives the master."""
    master, slave = os.openpty()
    tty.setraw(slave)
    path.symlink_to(os.ttyname(slave))
    try:
        yield master
    finally:
        os.close(master)
        os.close(slave)


def _feed(
    feeders: list[tuple[int, str]], listener: subprocess.Popen[str], scans: int
) -> tuple[list[float], list[float]]:
    """One scan at a time, programs in turn; microseconds from the write to the arrival, per program."""
    latencies: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP_SCANS + scans):
        for (master, lane), measured in zip(feeders, latencies, strict=True):
            code = f"{lane}-{number:08d}"
            start = time.monotonic_ns()
            os.write(master, code.encode() + b"\r\n")
            arrival = arrival_of(listener, lane, code)
            if number >= WARM_UP_SCANS:
                measured.append((arrival - start) / 1000)
    return latencies


def arrival_of(listener: subprocess.Popen[str], level: str, code: str) -> int:
    """The listener's instant of the scan ``code``; ``level``: of its topic. Raises RuntimeError for any other."""
    instant, topic, payload = line_of(listener).split(" ", 2)
    if f"/{level}/" not in topic or code not in payload:
        raise RuntimeError(f"expected {code} on {level}, received {payload} on {topic}")
    return int(instant)
