"""A USB printer that takes no question says through its port what is missing, and is waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edge_gateway.contracts.errors import ErrorCode, TransportError
from edge_gateway.contracts.usb_printer import PortStatus, parse_device_id
from edge_gateway.transports.loopback import LoopbackTransport
from simulators.escpos_printer import EscposPrinter
from simulators.gadget_link import port_status
from tests.support.print_watch import Watch
from tests.support.printing import RECEIPT, driven_printer
from tests.support.waiting import wait_until

LONG: list[dict[str, Any]] = [{"type": "text", "text": f"item {number}"} for number in range(400)]


class UsbLoopback(LoopbackTransport):
    """Implements ``contracts.usb_printer.UsbPrinterTransport``. ``printer``: whose port it is."""

    printer: EscposPrinter
    device_id = parse_device_id(b"\x00\x00MFG:EPSON;MDL:TM-T20;")
    is_mute = False

    async def port_status(self) -> PortStatus:
        if self.is_mute:
            raise TransportError("no answer from its port")
        return PortStatus.of(port_status(self.printer.condition))


@pytest.mark.parametrize(
    ("is_mute", "told", "words"),
    [
        (False, ErrorCode.PAPER_EMPTY, "its port says that it has no paper; put in a roll"),
        (True, ErrorCode.TIMEOUT, "it takes nothing, or does not answer; check that it is on, and its cable"),
    ],
)
async def test_usb_printer_without_paper_says_so_past_a_full_buffer(is_mute: bool, told: ErrorCode, words: str) -> None:
    printer = EscposPrinter(columns=48)
    made: list[UsbLoopback] = []

    def make(**loopback: Any) -> UsbLoopback:
        made.append(UsbLoopback(**loopback))
        made[0].printer, made[0].is_mute = printer, is_mute
        return made[0]

    async with driven_printer(printer, make_loopback=make) as lane:
        watch = Watch()
        printer.trip_at(600, "mute", when="received")
        printer.trip_at(600, "paper_out", when="received")
        printer.trip_at(600, "hold", when="received")
        printing = asyncio.create_task(lane.print([*LONG, *RECEIPT], watch))
        await wait_until(lambda: any(code is told for _, _, code in watch.told), what=f"waits for {told}")
        assert watch.reasons[[code for _, _, code in watch.told].index(told)] == words
        for fault in ("mute", "hold", "paper_out"):
            printer.set_fault(fault, False)  # type: ignore[arg-type]
        assert (await printing)["confirmed_by"] == "process_id"
    assert printer.counters["receipts"] == 1
    assert printer.errors == []
