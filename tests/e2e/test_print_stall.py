"""A printer that stalls in the middle of a job holds up nobody else; and goes on where it stood."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.print_stall import long_picture
from edge_gateway.bench.print_till import LANE, STORE_ID, PrintTill
from edge_gateway.bench.receipts import PROFILE, receipt_document
from edge_gateway.bench.scan_latency import scanner
from edge_gateway.bench.tcp_window import send_queue_to
from simulators.escpos_printer import EscposPrinter
from simulators.link import PtyLink
from simulators.serial_scanner import SerialScanner
from tests.support.broker import Broker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e

STALLS_AT_BYTE = 700
LINES = 400
"""Some 16 KB: more than the printer's buffer and the kernel's for a wire. A TCP window takes a picture more."""


@dataclass
class Shop:
    """One printer that will stall, one that is well, a scanner, a till, and what it hears."""

    kind: Literal["serial", "tcp"]
    stalling: EscposPrinter
    stalling_port: int
    well: EscposPrinter
    scanner: SerialScanner
    till: PrintTill


@pytest.fixture(params=["serial", "tcp"])
async def shop(request: pytest.FixtureRequest, broker: Broker, tmp_path: Path) -> AsyncIterator[Shop]:
    kind: Literal["serial", "tcp"] = request.param
    stalling, well = EscposPrinter(columns=48), EscposPrinter(columns=48)
    link = PtyLink(tmp_path / "printer")
    scanning = SerialScanner(PtyLink(tmp_path / "scanner"), aim=False)
    await scanning.start()
    port = await stalling.listen_tcp()
    if kind == "tcp":
        transport: dict[str, Any] = {"kind": "tcp", "host": "127.0.0.1", "port": port}
    else:
        link.plug()
        await stalling.attach(link)
        transport = {"kind": "serial", "path": tmp_path / "printer"}
    devices = [
        scanner(tmp_path / "scanner"),
        {"id": "stalling", "lane": LANE, "profile": PROFILE, "transport": transport},
        {
            "id": "well",
            "lane": LANE,
            "profile": PROFILE,
            "transport": {"kind": "tcp", "host": "127.0.0.1", "port": await well.listen_tcp()},
        },
    ]
    daemon = gateway(tmp_path / "gateway", broker.port, store_id=STORE_ID, devices=devices)
    try:
        await daemon.start()
        await daemon.wait_devices_online()
        async with PrintTill(broker.port) as till:
            yield Shop(kind, stalling, port, well, scanning, till)
    finally:
        await daemon.stop()
        await scanning.stop()
        link.unplug()
        await stalling.stop()
        await well.stop()


async def test_stalled_printer_holds_up_no_other_printer_and_no_scanner(shop: Shop, broker: Broker) -> None:
    async with broker.client() as listener:
        await listener.subscribe(f"edge/v1/{STORE_ID}/+/scanner/+/event/#")
        shop.stalling.trip_at(STALLS_AT_BYTE, "hold", when="received")
        lines = [{"type": "text", "text": f"line {number:03d} of a print that stalls"} for number in range(LINES)]
        document = [*lines, *([long_picture()] if shop.kind == "tcp" else []), {"type": "cut"}]
        accepted = await shop.till.print("stalling", document, answer="accepted")
        job_id = accepted["result"]["job_id"]
        await wait_until(lambda: shop.stalling.counters["bytes_received"] >= STALLS_AT_BYTE)
        if shop.kind == "tcp":
            await wait_until(lambda: send_queue_to(shop.stalling_port).is_window_closed, what="a closed TCP window")
        received = shop.stalling.counters["bytes_received"]

        for number in range(3):
            await shop.till.print("well", receipt_document(number))
            await shop.scanner.scan(f"SCAN-{number}")
        scans = await listener.wait_for_count(3)
        assert [json.loads(scan.payload)["data"]["text"] for scan in scans] == ["SCAN-0", "SCAN-1", "SCAN-2"]
        assert shop.well.paper.cut_count == 3
        assert await shop.till.state("stalling", job_id) == "printing"
        assert shop.stalling.paper.cut_count == 0
        assert shop.stalling.counters["bytes_received"] == received
        assert shop.kind == "serial" or send_queue_to(shop.stalling_port).is_window_closed

    shop.stalling.set_fault("hold", is_on=False)
    await wait_until(lambda: shop.stalling.paper.cut_count == 1)
    printed = [line for line in shop.stalling.paper.receipts[0].lines if line and not line.startswith("[picture")]
    assert printed == [each["text"] for each in lines]
    assert shop.stalling.errors == []
    assert (await shop.till.print("stalling", receipt_document(9)))["status"] == "completed"
    assert await shop.till.state("stalling", job_id) == "completed"
