"""Of the print benchmark: two printers stall in the middle of a job, one on a wire without DTR, one behind a closed TCP
window; meanwhile another prints and a scanner scans. How late the daemon's loop wakes is noted in the daemon itself.

First the same with printers that are well. A bare loop in a process of its own wakes as often: the machine's own share.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge_gateway.bench.children import child, line_of
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.loop_lag import RESULT, lags_between
from edge_gateway.bench.print_till import LANE, STORE_ID, PrintTill
from edge_gateway.bench.receipts import PROFILE, receipt_document
from edge_gateway.bench.result import percentile
from edge_gateway.bench.scan_latency import scanner
from edge_gateway.bench.tcp_window import SendQueue, send_queue_to
from simulators.escpos_printer import EscposPrinter
from simulators.gateway_process import GatewayProcess
from simulators.link import PtyLink
from simulators.mosquitto import Mosquitto
from simulators.serial_scanner import SerialScanner

COLUMNS: Final = 48
STALLS_AT_BYTE: Final = 500
PICTURE_DOTS: Final = (512, 4000)
"""Of the job that stalls: 256 KB, more than a pty takes, and than a TCP peer does that reads nothing."""
STALLED: Final = ("stalled-dtr", "stalled-tcp")
STALLED_S_MAX: Final = 30.0
SCAN_PAUSE_S: Final = 0.05
LOOP_LAG_MODULE: Final = "edge_gateway.bench.loop_lag"


@dataclass(slots=True)
class _Phase:
    """What was measured in one."""

    case: str
    begin: float = 0.0
    end: float = 0.0
    scans_s: list[float] = field(default_factory=list)
    receipts_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Bench:
    daemon: GatewayProcess
    till: PrintTill
    scanner: SerialScanner
    stalling: Sequence[EscposPrinter]
    stalling_port: int
    listener: subprocess.Popen[str]


async def cases(directory: Path, seconds: float) -> list[dict[str, Any]]:
    """Each phase of the daemon, and of the bare loop."""
    directory.mkdir()
    well, stalled = _Phase("all printers well"), _Phase("two printers stalled")
    bare_file = directory / "bare.json"
    async with _bench(directory, bare_file) as bench:
        await _measure(bench, well, seconds)
        before = await _stall(bench)
        await _measure(bench, stalled, seconds)
        after = _require_stalled(bench, before)
    daemon_file = directory / "gateway" / RESULT
    found = []
    for phase in (well, stalled):
        found += [
            {**_told(phase, "edge-gateway", daemon_file), **_latencies(phase)},
            _told(phase, "a bare loop", bare_file),
        ]
    found[2] |= {"tcp_send_queue_bytes": after.waiting_bytes, "is_tcp_window_closed": after.is_window_closed}
    return found


async def _measure(bench: _Bench, phase: _Phase, seconds: float) -> None:
    """Scans and receipts, each one after the other, side by side."""
    phase.begin = time.monotonic()
    phase.end = phase.begin + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(_scan(bench, phase))
        group.create_task(_print(bench, phase))


async def _scan(bench: _Bench, phase: _Phase) -> None:
    number = 0
    while time.monotonic() < phase.end:
        number += 1
        text = f"{phase.case[:3]}-{number:06d}"
        start = time.monotonic_ns()
        await bench.scanner.scan(text)
        arrival = await asyncio.to_thread(_arrival_of, bench.listener, text)
        phase.scans_s.append((arrival - start) / 1e9)
        await asyncio.sleep(SCAN_PAUSE_S)


async def _print(bench: _Bench, phase: _Phase) -> None:
    number = 0
    while time.monotonic() < phase.end:
        number += 1
        start = time.monotonic()
        await bench.till.print("well", receipt_document(number))
        phase.receipts_s.append(time.monotonic() - start)


async def _stall(bench: _Bench) -> list[int]:
    """Return when each has a job that stands still, with the bytes that each has received: no more will come."""
    for printer in bench.stalling:
        printer.trip_at(STALLS_AT_BYTE, "hold", when="received")
    for name in STALLED:
        await bench.till.print(name, [long_picture(), {"type": "cut"}], answer="accepted")
    deadline = time.monotonic() + STALLED_S_MAX
    while not (
        all(printer.counters["bytes_received"] >= STALLS_AT_BYTE for printer in bench.stalling)
        and send_queue_to(bench.stalling_port).is_window_closed
    ):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the printers did not stall within {STALLED_S_MAX} s: {bench.daemon.log_file}")
        await asyncio.sleep(SCAN_PAUSE_S)
    return [printer.counters["bytes_received"] for printer in bench.stalling]


def _require_stalled(bench: _Bench, before: Sequence[int]) -> SendQueue:
    """What was measured was measured beside them."""
    queue = send_queue_to(bench.stalling_port)
    if [printer.counters["bytes_received"] for printer in bench.stalling] != before or not queue.is_window_closed:
        raise RuntimeError(f"the printers went on while they should have stood still: {bench.daemon.log_file}")
    return queue


def long_picture() -> dict[str, Any]:
    """More of it than a printer that stands still takes."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("1", PICTURE_DOTS, color=0).save(file, "PNG")
    return {"type": "image", "data": base64.b64encode(file.getvalue()).decode(), "dither": "threshold"}


def _told(phase: _Phase, program: str, file: Path) -> dict[str, Any]:
    lags = lags_between(file, phase.begin, phase.end)
    return {
        "case": phase.case,
        "program": program,
        "loop_lag_p50_ms": round(percentile(lags, 50) * 1e3, 2),
        "loop_lag_p99_ms": round(percentile(lags, 99) * 1e3, 2),
        "loop_lag_max_ms": round(max(lags) * 1e3, 2),
    }


def _latencies(phase: _Phase) -> dict[str, Any]:
    return {
        "scans": len(phase.scans_s),
        "scan_p99_ms": round(percentile(phase.scans_s, 99) * 1e3, 2),
        "receipts": len(phase.receipts_s),
        "receipt_p50_ms": round(percentile(phase.receipts_s, 50) * 1e3, 1),
    }


def _arrival_of(listener: subprocess.Popen[str], text: str) -> int:
    """The listener's instant of the scan."""
    while True:
        instant, _, payload = line_of(listener).split(" ", 2)
        if json.loads(payload)["data"]["text"] == text:
            return int(instant)


@asynccontextmanager
async def _bench(directory: Path, bare_file: Path) -> AsyncIterator[_Bench]:
    """Everything is running, and ended in order."""
    async with AsyncExitStack() as stack:
        broker = Mosquitto(directory / "broker")
        await broker.start()
        stack.push_async_callback(broker.stop)
        well, on_tcp, on_pty = (EscposPrinter(columns=COLUMNS) for _ in range(3))
        for printer in (well, on_tcp, on_pty):
            stack.push_async_callback(printer.stop)
        link = PtyLink(directory / "printer")
        link.plug()
        await on_pty.attach(link)
        scanning = SerialScanner(PtyLink(directory / "scanner"), aim=False)
        await scanning.start()
        stack.push_async_callback(scanning.stop)
        stalling_port = await on_tcp.listen_tcp()
        devices = [
            scanner(directory / "scanner"),
            _tcp("well", await well.listen_tcp()),
            _tcp(STALLED[1], stalling_port),
            _device(STALLED[0], {"kind": "serial", "path": directory / "printer"}),
        ]
        daemon = gateway(directory / "gateway", broker.port, store_id=STORE_ID, devices=devices, module=LOOP_LAG_MODULE)
        await daemon.start()
        stack.push_async_callback(daemon.stop)
        await daemon.wait_devices_online()
        stack.enter_context(child(LOOP_LAG_MODULE, "bare", bare_file))
        listen_to = f"edge/v1/{STORE_ID}/+/scanner/+/event/#"
        listener = stack.enter_context(child("edge_gateway.bench.bus_listener", broker.port, listen_to))
        till = await stack.enter_async_context(PrintTill(broker.port))
        yield _Bench(daemon, till, scanning, (on_tcp, on_pty), stalling_port, listener)


def _tcp(name: str, port: int) -> dict[str, Any]:
    return _device(name, {"kind": "tcp", "host": "127.0.0.1", "port": port})


def _device(name: str, transport: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "lane": LANE, "profile": PROFILE, "transport": transport}
