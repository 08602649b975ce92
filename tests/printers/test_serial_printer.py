"""The same driver over a real serial transport: a pty with flow control by XON and XOFF."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.devices.profiles import load_driver, load_profile
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.factory import make_transport
from simulators.escpos_printer import EscposPrinter
from simulators.link import PtyLink
from tests.support.printing import QUICK, RECEIPT
from tests.support.waiting import wait_until


async def test_serial_printer_prints_holds_off_is_pulled_and_found_again(tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "printer")
    link.plug()
    printer = EscposPrinter(is_xonxoff=True, bytes_per_s=100_000.0)
    await printer.attach(link, link.unplug)
    profile = load_profile("generic-escpos")
    supervisor = Supervisor(
        DeviceSettings(id="p", lane="l", profile=profile.name, transport={}, settings=dict(QUICK)),
        profile,
        make_transport(SerialTransportSettings(kind="serial", path=link.path, baud=115200)),
        load_driver(profile),
        SystemClock(),
        Random(1),
        lambda _: None,
        lambda _: None,
    )
    task = asyncio.create_task(supervisor.run())
    lines = [f"line {number:03d} of a print that is larger than the buffer" for number in range(250)]
    document = [{"type": "text", "text": line} for line in lines]
    try:
        await wait_until(lambda: supervisor.state.power == "online")
        await supervisor.execute("print", {"document": RECEIPT}, deadline_s=10)
        await supervisor.execute("print", {"document": [*document, {"type": "cut"}]}, deadline_s=20)
        assert "".join(printer.paper.receipts[-1].lines).replace(" ", "") == "".join(lines).replace(" ", "")
        link.unplug()
        await wait_until(lambda: supervisor.state.power != "online")
        link.plug()
        await printer.attach(link, link.unplug)
        await wait_until(lambda: supervisor.state.power == "online", timeout_s=5.0)
        await supervisor.execute("print", {"document": RECEIPT}, deadline_s=10)
        assert len(printer.paper.receipts) == 3
        assert printer.errors == []
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await printer.stop()
        link.unplug()
