"""idle: memory, threads and CPU of the gateway with 12 simulated devices; the floor is a bare interpreter."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_gateway.bench.result import BenchResult
from simulators.escpos_printer import EscposPrinter
from simulators.gateway_process import GatewayProcess, config_text
from simulators.link import FifoLink, PtyLink
from simulators.mosquitto import Mosquitto, free_port
from simulators.serial_scanner import SerialScanner
from simulators.toledo_8217 import Toledo8217Scale
from simulators.wedge_scanner import WedgeScanner

ONLINE_TIMEOUT_S = 30.0
DEVICES_EACH = 3
"""Three each of serial scanner, wedge scanner, scale (polled) and network printer: twelve."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


async def run(seconds: float) -> BenchResult:
    """CPU is watched for ``seconds``, with the scales polled at their profile's interval and nothing else going on."""
    with tempfile.TemporaryDirectory(prefix="bench-idle-") as name:
        directory = Path(name)
        broker = Mosquitto(directory / "broker")
        await broker.start()
        simulators, devices = await _devices(directory)
        gateway = _gateway(directory, broker.port, devices)
        try:
            await gateway.start()
            await _all_online(gateway, len(devices))
            ours = await _watch(gateway.pid or 0, seconds)
        finally:
            await gateway.stop()
            for simulator in simulators:
                await simulator.stop()
            await broker.stop()
    floor = _bare_interpreter_rss_mb()
    cases = [{"case": f"{len(devices)} devices", **ours}, {"case": "bare interpreter", "rss_mb": floor}]
    return BenchResult("idle", ours["rss_mb"], floor, "MB RSS", cases)


async def _devices(directory: Path) -> tuple[list[Any], list[Mapping[str, Any]]]:
    simulators: list[Any] = []
    devices: list[Mapping[str, Any]] = []

    def add(simulator: Any, name: str, profile: str, transport: Mapping[str, Any]) -> None:
        simulators.append(simulator)
        devices.append({"id": name, "lane": "lane-1", "profile": profile, "transport": transport})

    for number in range(DEVICES_EACH):
        path = directory / f"scanner-{number}"
        scanner = SerialScanner(PtyLink(path))
        add(scanner, f"scanner-{number}", "generic-serial-scanner", {"kind": "serial", "path": path})
        path = directory / f"wedge-{number}"
        wedge = WedgeScanner(FifoLink(path))
        add(wedge, f"wedge-{number}", "generic-wedge-scanner", {"kind": "evdev", "path": path})
        path = directory / f"scale-{number}"
        scale = Toledo8217Scale(PtyLink(path))
        add(scale, f"scale-{number}", "mettler-toledo-8217", {"kind": "serial", "path": path})
        printer = EscposPrinter()
        port = await printer.listen_tcp("127.0.0.1", 0)
        add(printer, f"printer-{number}", "epson-tm-t20", {"kind": "tcp", "host": "127.0.0.1", "port": port})
        for simulator in (scanner, wedge, scale):
            await simulator.start()
    return simulators, devices


def _gateway(directory: Path, broker_port: int, devices: list[Mapping[str, Any]]) -> GatewayProcess:
    status_port = free_port()
    (directory / "outbox").mkdir()
    sections: dict[str, dict[str, Any]] = {
        "store": {"id": "BENCH"},
        "bus": {"port": broker_port},
        "outbox": {"directory": directory / "outbox", "disk_free_bytes_min": 0},
        "status": {"port": status_port},
        "log": {"level": "warning", "format": "json"},
    }
    config = directory / "gateway.toml"
    config.write_text(config_text(sections, devices))
    return GatewayProcess(config, directory / "gateway.log", status_port=status_port)


async def _all_online(gateway: GatewayProcess, count: int) -> None:
    deadline = time.monotonic() + ONLINE_TIMEOUT_S
    power: list[str] = []
    while time.monotonic() < deadline:
        status = await gateway.status() or {}
        power = [device["power"] for device in status.get("devices", [])]
        if power.count("online") == count:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"not all of {count} devices came online within {ONLINE_TIMEOUT_S} s: {power}")


async def _watch(pid: int, seconds: float) -> dict[str, float]:
    """RSS, threads and CPU from /proc (proc(5))."""
    ticks_before, start = _cpu_ticks(pid), time.monotonic()
    await asyncio.sleep(seconds)
    elapsed = time.monotonic() - start
    cpu_percent = (_cpu_ticks(pid) - ticks_before) / TICKS_PER_S / elapsed * 100
    threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    return {"rss_mb": _rss_mb(pid), "threads": threads, "cpu_percent": round(cpu_percent, 2), "seconds": seconds}


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _rss_mb(pid: int) -> float:
    return round(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1e6, 1)


def _bare_interpreter_rss_mb() -> float:
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-I", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:  # fmt: skip
        assert child.stdout is not None
        child.stdout.readline()
        return _rss_mb(child.pid)
