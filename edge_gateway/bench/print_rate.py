"""Of the print benchmark: receipts a second over TCP, each confirmed, beside a bare socket with the same bytes.

Each program has a printer of its own, in a process of its own, and they print in turn. The printers only answer: what
is measured is the path. The bare socket sends a receipt and the question for its end, and waits for the
answer before it sends the next.
"""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from edge_gateway.bench.children import child
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.print_render import rendered
from edge_gateway.bench.print_till import LANE, STORE_ID, PrintTill
from edge_gateway.bench.receipts import PROFILE, receipt_document
from simulators.mosquitto import Mosquitto, free_port

AT_ONCE: Final = 8
"""Jobs in the spool, so that the printer never waits for a till."""
ROUNDS: Final = 4
"""The first is not counted."""
TRANSMIT_STATUS: Final = b"\x1dr\x01"
"""GS r 1: answered when everything before it is printed."""
ANSWER_S_MAX: Final = 10.0


async def cases(directory: Path, jobs: int) -> list[dict[str, Any]]:
    """Ours, and the floor."""
    directory.mkdir()
    broker = Mosquitto(directory / "broker")
    await broker.start()
    our_port, bare_port = free_port(), free_port()
    device = {
        "id": "fast",
        "lane": LANE,
        "profile": PROFILE,
        "transport": {"kind": "tcp", "host": "127.0.0.1", "port": our_port},
    }
    daemon = gateway(directory / "gateway", broker.port, store_id=STORE_ID, devices=[device])
    far_end = "edge_gateway.bench.print_far_end"
    try:
        with child(far_end, our_port), child(far_end, bare_port):
            await daemon.start()
            await daemon.wait_devices_online()
            async with PrintTill(broker.port) as till:
                return await _measure(till, bare_port, max(1, jobs // (ROUNDS - 1)))
    finally:
        await daemon.stop()
        await broker.stop()


async def _measure(till: PrintTill, bare_port: int, jobs: int) -> list[dict[str, Any]]:
    ours, bare = [], []
    for number in range(ROUNDS):
        our_rate = await _our_rate(till, jobs)
        bare_rate = await asyncio.to_thread(_bare_rate, bare_port, jobs)
        if number:
            ours.append(our_rate)
            bare.append(bare_rate)
    case: dict[str, Any] = {"case": "TCP, receipts confirmed one by one", "jobs": jobs * (ROUNDS - 1)}
    rates = (median(ours), median(bare))
    return [
        {**case, "program": program, "jobs_per_s": round(rate, 1), "ratio": round(rate / rates[1], 3)}
        for program, rate in zip(("edge-gateway", "bare socket"), rates, strict=True)
    ]


async def _our_rate(till: PrintTill, jobs: int) -> float:
    numbers = iter(range(jobs))

    async def print_some() -> None:
        for number in numbers:
            await till.print("fast", receipt_document(number))

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(print_some())
    return jobs / (time.perf_counter() - start)


def _bare_rate(port: int, jobs: int) -> float:
    receipts = [rendered(number).data + TRANSMIT_STATUS for number in range(jobs)]
    with socket.create_connection(("127.0.0.1", port), ANSWER_S_MAX) as printer:
        printer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        for receipt in receipts:
            printer.sendall(receipt)
            _await_answer(printer)
        return jobs / (time.perf_counter() - start)


def _await_answer(printer: socket.socket) -> None:
    """One byte with bits 4 and 7 clear; the status that it sends by itself begins with bit 4 set (four bytes)."""
    skip = 0
    while True:
        for byte in printer.recv(64) or _ended():
            if skip:
                skip -= 1
            elif byte & 0x10:
                skip = 3
            else:
                return


def _ended() -> bytes:
    raise RuntimeError("the simulated printer hung up")
