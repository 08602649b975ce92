"""Of the print benchmark: a receipt to a printer on a wire of 9600 baud, beside a bare program that writes its bytes.

Each program has a wire and a printer of its own, and they print in turn. The clock stops when the printer cuts.
"""

from __future__ import annotations

import asyncio
import os
import time
import tty
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.print_render import rendered
from edge_gateway.bench.print_till import LANE, STORE_ID, PrintTill
from edge_gateway.bench.receipts import PROFILE, receipt_document
from simulators.escpos_printer import EscposPrinter
from simulators.link import PtyLink
from simulators.mosquitto import Mosquitto
from simulators.paced_wire import BITS_PER_BYTE, PacedWire

BAUD: Final = 9600
COLUMNS: Final = 48
WARM_UP: Final = 1
RECEIPT_S_MAX: Final = 60.0


class _SlowPrinter:
    """A printer on a paced wire that notes when it cut."""

    def __init__(self, path: Path) -> None:
        self.wire = PacedWire(PtyLink(path), BAUD)
        self.machine = EscposPrinter(columns=COLUMNS)
        self.machine.on_change = self._happened
        self._cut: asyncio.Future[float] | None = None

    async def start(self) -> None:
        await self.machine.attach(self.wire)
        await self.wire.start()

    async def stop(self) -> None:
        await self.wire.stop()
        await self.machine.stop()

    async def time(self, send: Callable[[], Awaitable[object]]) -> float:
        """Seconds from ``send`` to the cut; returns when ``send`` has ended too."""
        self._cut = asyncio.get_running_loop().create_future()
        start = time.monotonic()
        sending = asyncio.ensure_future(send())
        async with asyncio.timeout(RECEIPT_S_MAX):
            end = await self._cut
            await sending
        return end - start

    def _happened(self, what: str) -> None:
        if what == "receipt" and self._cut is not None and not self._cut.done():
            self._cut.set_result(time.monotonic())


async def cases(directory: Path, receipts: int) -> list[dict[str, Any]]:
    """Ours, and the floor."""
    directory.mkdir()
    broker = Mosquitto(directory / "broker")
    await broker.start()
    ours, bare = _SlowPrinter(directory / "ours"), _SlowPrinter(directory / "bare")
    await ours.start()
    await bare.start()
    daemon = gateway(directory / "gateway", broker.port, store_id=STORE_ID, devices=[_device(directory / "ours")])
    try:
        await daemon.start()
        await daemon.wait_devices_online()
        async with PrintTill(broker.port) as till:
            return await _measure(till, ours, bare, directory / "bare", receipts)
    finally:
        await daemon.stop()
        await ours.stop()
        await bare.stop()
        await broker.stop()


async def _measure(
    till: PrintTill, ours: _SlowPrinter, bare: _SlowPrinter, path: Path, receipts: int
) -> list[dict[str, Any]]:
    taken: tuple[list[float], list[float]] = ([], [])
    size = 0
    for number in range(WARM_UP + receipts):
        data = rendered(number).data
        size = len(data)
        took_s = (
            await ours.time(partial(till.print, "slow", receipt_document(number))),
            await bare.time(partial(asyncio.to_thread, _write, path, data)),
        )
        if number >= WARM_UP:
            for all_of, each in zip(taken, took_s, strict=True):
                all_of.append(each)
    limit_s = size * BITS_PER_BYTE / BAUD
    case: dict[str, Any] = {"case": f"{BAUD} baud, request to last byte", "bytes": size}
    return [
        {
            **case,
            "program": program,
            "receipts": len(all_of),
            "p50_s": round(median(all_of), 4),
            "max_s": round(max(all_of), 4),
            "wire_limit_s": round(limit_s, 4),
        }
        for program, all_of in zip(("edge-gateway", "bare: open, write"), taken, strict=True)
    ]


def _write(path: Path, data: bytes) -> None:
    """The bare program."""
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(port)
        while data:
            data = data[os.write(port, data) :]
    finally:
        os.close(port)


def _device(path: Path) -> Mapping[str, Any]:
    return {
        "id": "slow",
        "lane": LANE,
        "profile": PROFILE,
        "transport": {"kind": "serial", "path": path, "baud": BAUD},
    }
