"""scan-latency: a scan on a pty, durable, published at QoS 1, received by another process; beside the leanest program.

Both programs run at the same time on ptys of their own, under one broker, and are fed in turn, one scan at a time, so
that both meet the same noise. The clock is CLOCK_MONOTONIC, which is one for all processes of a machine.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from edge_gateway.bench.result import BenchResult, percentile
from simulators.gateway_process import GatewayProcess, config_text
from simulators.mosquitto import Mosquitto, free_port

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
        with _pty(directory / "ours") as our_pty, _pty(directory / "lean") as lean_pty:
            gateway = _gateway(directory, broker.port, is_durable_first=is_durable_first)
            await gateway.start()
            try:
                await gateway.wait_devices_online()
                with _children(directory, broker.port) as listener:
                    feeders = [(our_pty, "lane-1"), (lean_pty, "lean")]
                    return await asyncio.to_thread(_feed, feeders, listener, scans)
            finally:
                await gateway.stop()
    finally:
        await broker.stop()


def _gateway(directory: Path, broker_port: int, *, is_durable_first: bool) -> GatewayProcess:
    status_port = free_port()
    (directory / "outbox").mkdir()
    config = directory / "gateway.toml"
    sections: dict[str, dict[str, Any]] = {
        "": {"durable_before_bus": is_durable_first},
        "store": {"id": "BENCH"},
        "bus": {"port": broker_port},
        "outbox": {"directory": directory / "outbox", "disk_free_bytes_min": 0},
        "status": {"port": status_port},
        "log": {"level": "warning", "format": "json"},
    }
    device = {
        "id": "scanner",
        "lane": "lane-1",
        "profile": "generic-serial-scanner",
        "transport": {"kind": "serial", "path": directory / "ours"},
        "settings": {"suffix": "crlf"},
        "forward": ["barcode_scanned"],
    }
    config.write_text(config_text(sections, [device]))
    return GatewayProcess(config, directory / "gateway.log", status_port=status_port)


@contextmanager
def _pty(path: Path) -> Iterator[int]:
    """A raw pty whose slave stands under ``path``; gives the master."""
    master, slave = os.openpty()
    tty.setraw(slave)
    path.symlink_to(os.ttyname(slave))
    try:
        yield master
    finally:
        os.close(master)
        os.close(slave)


@contextmanager
def _children(directory: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The lean program and the listener; gives the listener, both ready."""
    module = [sys.executable, "-P", "-m"]
    paths = (str(directory / "lean"), str(directory / "lean.db"))
    lean = [*module, "edge_gateway.bench.lean_scan", *paths, str(port), LEAN_TOPIC]
    listen = [*module, "edge_gateway.bench.bus_listener", str(port), "edge/v1/BENCH/+/scanner/+/event/#"]
    with ExitStack() as stack:
        children = []
        for arguments in (lean, listen):
            child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
            stack.callback(child.wait)
            stack.callback(child.terminate)
            assert child.stdout is not None
            stack.callback(child.stdout.close)
            if child.stdout.readline() != "ready\n":
                raise RuntimeError(f"{arguments[3]} did not start")
            children.append(child)
        yield children[1]


def _feed(
    feeders: list[tuple[int, str]], listener: subprocess.Popen[str], scans: int
) -> tuple[list[float], list[float]]:
    """One scan at a time, programs in turn; microseconds from the write to the arrival, per program."""
    assert listener.stdout is not None
    latencies: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP_SCANS + scans):
        for (master, lane), measured in zip(feeders, latencies, strict=True):
            code = f"{lane}-{number:08d}"
            start = time.monotonic_ns()
            os.write(master, code.encode() + b"\r\n")
            arrival = _arrival_of(listener, lane, code)
            if number >= WARM_UP_SCANS:
                measured.append((arrival - start) / 1000)
    return latencies


def _arrival_of(listener: subprocess.Popen[str], lane: str, code: str) -> int:
    assert listener.stdout is not None
    line = listener.stdout.readline()
    if not line:
        raise RuntimeError(f"the listener ended while {code} was on its way")
    instant, topic, payload = line.split(" ", 2)
    if f"/{lane}/" not in topic or code not in payload:
        raise RuntimeError(f"expected {code} on {lane}, received {payload} on {topic}")
    return int(instant)
