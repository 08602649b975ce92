"""A scanner that floods the gateway costs nobody else anything: not an event on the bus, and hardly a moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.broker import Broker, BusClient
from tests.support.gateways import device_status, gateway, serial_scanner
from tests.support.pty import DevicePty

CODES = 60
READ_S_MAX = 1.0
"""From the wire to the event, on a machine that tests keep busy; else it is 5 ms."""

pytestmark = pytest.mark.e2e


@contextmanager
def flooding(pty: DevicePty) -> Iterator[None]:
    """Codes, as fast as the gateway takes them."""
    burst = b"".join(b"%013d\r\n" % number for number in range(200))
    ending = threading.Event()

    def write() -> None:
        while not ending.is_set():
            try:
                os.write(pty.master, burst)
            except BlockingIOError:
                ending.wait(0.0005)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        yield
    finally:
        ending.set()
        writing.join()


async def test_flooding_scanner_costs_another_one_no_event(broker: Broker, tmp_path: Path) -> None:
    flooded, calm = DevicePty(tmp_path / "flooded"), DevicePty(tmp_path / "calm")
    devices = [serial_scanner(flooded.path, "flooded"), serial_scanner(calm.path, "calm", "lane-2")]
    process = gateway(tmp_path / "box", broker.port, devices)
    sent_at: list[datetime] = []
    async with broker.client() as client:
        await client.subscribe("edge/v1/+/+/scanner/calm/event/#")
        await client.subscribe("edge/v1/+/alert/#")
        await process.start()
        try:
            for name in ("flooded", "calm"):
                await device_status(process, name, power="online")
            with flooding(flooded):
                await client.wait_for(lambda message: str(message.topic).endswith("alert/warning"), timeout_s=30)
                for number in range(CODES):
                    sent_at.append(datetime.now(UTC))
                    calm.write(b"calm-%d\r\n" % number)
                    await client.wait_for_count(number + 1, "/calm/event/barcode_scanned")
            scans = client.on("/calm/event/barcode_scanned")
            status = await process.status()
        finally:
            await process.stop()
    told = [BusClient.json(scan) for scan in scans]
    assert [each["data"]["text"] for each in told] == [f"calm-{number}" for number in range(CODES)]
    waits_s = [
        (datetime.fromisoformat(each["time"]) - sent).total_seconds() for each, sent in zip(told, sent_at, strict=True)
    ]
    assert max(waits_s) < READ_S_MAX, waits_s
    alarms = [BusClient.json(message)["data"] for message in client.on("/alert/warning")]
    assert {alarm["device_id"] for alarm in alarms} == {"flooded"}
    assert status is not None
    counters = status["counters"]
    lost = {name: count for name, count in counters["device/flooded"].items() if name.startswith("dropped:waited_for")}
    assert sum(lost.values()) > 0
    assert not any(name.startswith("dropped") for name in counters["device/calm"])
