"""USB printers on the kernel's own nodes: usblp, and usbfs through libusb; the printer is the kernel's gadget."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.usb_printer import PortStatus
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.settings_transports import UsbPrinterTransportSettings
from edge_gateway.transports.usb_printer import UsbPrinterTransport
from simulators.escpos_printer import EscposPrinter
from simulators.gadget_link import GadgetLink, port_status
from tests.support.descriptors import descriptor_count
from tests.support.usb_gadget import PrinterGadget, missing
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

WHY_NOT = missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

SLOW_S = 60.0
"""An emulated machine takes its time."""
SERIAL = "LAB850"
STATUS = bytes.fromhex("10 04 01 10 04 02 10 04 04")
LONG = b"a line of the receipt\n" * 4000
"""More than printer, gadget and kernel hold together."""


class Shop:
    """A printer, its machine, and the transport to it, by its serial number."""

    def __init__(self, through: str) -> None:
        self.through = through
        self.gadget = PrinterGadget(SERIAL)
        self.printer = EscposPrinter()
        self.link = GadgetLink(self.gadget.far_node, lambda: port_status(self.printer.condition))
        self.inventory = Inventory()
        settings = {"kind": "usb_printer", "device": f"usb:04b8:0202:{SERIAL}", "through": through}
        self.transport = UsbPrinterTransport(UsbPrinterTransportSettings.model_validate(settings), self.inventory)
        self.sink = RecordingSink()

    async def open(self) -> None:
        """As a supervisor does it: again, until it is there."""
        async with asyncio.timeout(SLOW_S):
            while True:
                self.inventory.refresh()
                with contextlib.suppress(TransportError):
                    await self.transport.open(self.sink)
                    return
                await asyncio.sleep(0.1)

    def pull(self) -> None:
        self.link.unplug()
        self.gadget.pull()

    async def push(self) -> None:
        self.gadget.push()
        self.link.pause(False)
        self.link.plug()
        await wait_until(lambda: self.link.is_plugged, timeout_s=SLOW_S, what="the printer's side")

    async def stalled_write(self) -> asyncio.Task[None]:
        """A print of which the printer takes the first bytes and no more; it has nothing to do with them."""
        take, is_begun = self.link.on_bytes, asyncio.Event()

        def stop(first: bytes) -> None:
            self.link.pause(True)
            is_begun.set()

        self.link.on_bytes = stop
        writing = asyncio.create_task(self.transport.write(LONG))
        await asyncio.wait_for(is_begun.wait(), SLOW_S)
        self.link.on_bytes = take
        assert not writing.done()
        return writing

    async def received(self, count: int) -> None:
        await wait_until(lambda: self.printer.counters["bytes_received"] >= count, timeout_s=SLOW_S)

    async def heard(self, count: int) -> None:
        await wait_until(lambda: len(self.sink.data) >= count, timeout_s=SLOW_S, what="answers")


@pytest.fixture(params=["usblp", "libusb"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    made = Shop(request.param)
    await made.printer.attach(made.link)
    made.link.plug()
    await wait_until(lambda: made.link.is_plugged, timeout_s=SLOW_S, what="the printer's side")
    await made.open()
    yield made
    await made.transport.close()
    made.link.unplug()
    await made.printer.stop()
    made.gadget.remove()


async def test_usb_printer_prints_and_answers(shop: Shop) -> None:
    assert shop.transport.device_id["MDL"] == "TM-T88V"
    receipt = b"\x1b@" + b"milk   1.19\n" * 40 + b"\x1dV\x00"
    await shop.transport.write(receipt)
    await shop.received(len(receipt))
    await wait_until(lambda: shop.printer.counters["receipts"] == 1, timeout_s=SLOW_S)
    assert shop.printer.paper_text.count("milk   1.19") == 40
    await shop.transport.write(STATUS)
    await shop.heard(3)
    assert shop.sink.data == bytes.fromhex("16 12 12")
    await shop.transport.write(b"\x10\x14\x01\x00\x01")
    await wait_until(lambda: shop.printer.counters["drawer_kicks"] == 1, timeout_s=SLOW_S)


async def test_usb_printer_port_says_what_is_wrong(shop: Shop) -> None:
    well = PortStatus(is_paper_empty=False, is_selected=True, is_error=False)
    assert await shop.transport.port_status() == well
    shop.printer.set_fault("paper_out")
    status, deadline_s = well, asyncio.get_running_loop().time() + SLOW_S
    while status == well and asyncio.get_running_loop().time() < deadline_s:
        status = await shop.transport.port_status()
    assert status == PortStatus(is_paper_empty=True, is_selected=False, is_error=False)


async def loop_lag() -> str:
    """How late the loop wakes, over some seconds: of this machine too, which is why it is only told."""
    loop = asyncio.get_running_loop()
    lags, end_s = [], loop.time() + 3.0
    while loop.time() < end_s:
        before_s = loop.time()
        await asyncio.sleep(0.01)
        lags.append((loop.time() - before_s - 0.01) * 1000)
    return f"p99 {sorted(lags)[int(len(lags) * 0.99)]:.1f} ms, max {max(lags):.1f} ms"


async def test_usb_printer_that_takes_nothing_holds_up_nobody(shop: Shop) -> None:
    idle = await loop_lag()
    shop.printer.set_fault("hold")
    shop.link.pause(True)
    writing = asyncio.create_task(shop.transport.write(LONG))
    stalled = await loop_lag()
    assert not writing.done()
    assert (await shop.transport.port_status()).is_selected
    print(f"{shop.through}: loop lag idle {idle}, stalled {stalled}")
    shop.link.pause(False)
    shop.printer.set_fault("hold", False)
    await asyncio.wait_for(writing, SLOW_S * 3)
    await shop.received(len(LONG))
    assert shop.printer.counters["bytes_received"] == len(LONG), "each byte once"


async def test_usb_printer_that_takes_nothing_is_closed_at_once(shop: Shop) -> None:
    writing = await shop.stalled_write()
    before_s = asyncio.get_running_loop().time()
    await shop.transport.close()
    print(f"{shop.through}: closed in {asyncio.get_running_loop().time() - before_s:.2f} s")
    assert asyncio.get_running_loop().time() - before_s < 3.0
    await asyncio.gather(writing, return_exceptions=True)
    shop.link.pause(False)
    await shop.open()
    await shop.transport.write(b"\x10\x04\x01")
    await shop.heard(1)


async def test_usb_printer_that_is_pulled_is_told_and_found_again(shop: Shop) -> None:
    writing = await shop.stalled_write()
    shop.pull()
    await wait_until(lambda: shop.sink.losses, timeout_s=SLOW_S, what="the loss")
    with pytest.raises(TransportError):
        await writing
    assert not shop.transport.is_there()
    await shop.push()
    await shop.open()
    await shop.transport.write(b"\x10\x04\x01")
    await shop.heard(1)
    assert len(shop.sink.losses) == 1


async def test_usb_printer_is_given_back_to_the_kernel(shop: Shop) -> None:
    assert (shop.gadget.usblp_node() is None) == (shop.through == "libusb")
    await shop.transport.close()
    await wait_until(shop.gadget.usblp_node, timeout_s=SLOW_S, what="usblp has it")


async def test_usb_printer_is_of_one_process(shop: Shop) -> None:
    settings = {"kind": "usb_printer", "device": f"usb:04b8:0202:{SERIAL}", "through": shop.through}
    other = UsbPrinterTransport(UsbPrinterTransportSettings.model_validate(settings), shop.inventory)
    with pytest.raises(TransportError, match="busy") as caught:
        await other.open(RecordingSink())
    assert caught.value.is_busy


async def test_usb_printer_pulls_leak_nothing(shop: Shop) -> None:
    before = descriptor_count()
    for turn in range(10):
        shop.pull()
        await wait_until(lambda turn=turn: len(shop.sink.losses) == turn + 1, timeout_s=SLOW_S, what="the loss")
        await shop.push()
        await shop.open()
    await shop.transport.write(b"\x10\x04\x01")
    await shop.heard(1)
    assert descriptor_count() <= before + 1


@pytest.mark.parametrize("name", ["missing", "null"])
async def test_usb_printer_node_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "null").symlink_to("/dev/null")
    settings = UsbPrinterTransportSettings(kind="usb_printer", path=tmp_path / name)
    with pytest.raises(TransportError, match=r"no such node|is no printer node"):
        await UsbPrinterTransport(settings).open(RecordingSink())
