"""USB printers through libusb, against a printer behind pyusb's own interface for backends. The real one: tests/lab."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.usb_printer import PortStatus
from edge_gateway.settings_transports import UsbPrinterTransportSettings
from edge_gateway.transports.libusb import STALLS_MAX, LibusbPort
from edge_gateway.transports.usb_bulk import UsbBulk, open_usb_bulk
from edge_gateway.transports.usb_printer import UsbPrinterTransport
from tests.support.usb_printer_backend import UsbPrinter
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

LONG = bytes(range(256)) * 256
FIRST = Path("/dev/null")
"""Its minor number, 3, stands for bus 1, address 4; the printer behind the backend says that it has these."""

Opened = tuple[UsbPrinterTransport, RecordingSink]


class Bench:
    """One printer, and transports to it."""

    def __init__(self, printer: UsbPrinter) -> None:
        self.printer = printer

    def acquire(self, path: Path) -> UsbBulk:
        return open_usb_bulk(path, self.printer)

    def transport(self, path: Path = FIRST) -> UsbPrinterTransport:
        settings = UsbPrinterTransportSettings(kind="usb_printer", path=path, through="libusb")
        return UsbPrinterTransport(settings, None, lambda way, description: LibusbPort(description, self.acquire))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_gateway.transports.libusb.READ_SLICE_MS", 10)


@pytest.fixture
def printer() -> UsbPrinter:
    return UsbPrinter()


@pytest.fixture
async def opened(printer: UsbPrinter) -> AsyncIterator[Opened]:
    transport, sink = Bench(printer).transport(), RecordingSink()
    await transport.open(sink)
    yield transport, sink
    await transport.close()


def printing_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("usb_printer")]


async def test_libusb_carries_bytes_both_ways(printer: UsbPrinter, opened: Opened) -> None:
    transport, sink = opened
    await transport.write(LONG)
    assert bytes(printer.taken) == LONG, "the printer has them when the write returns"
    for number in range(50):
        printer.say(bytes([number]))
    await wait_until(lambda: len(sink.data) == 50)
    assert sink.data == bytes(range(50))


async def test_libusb_takes_the_printer_from_the_kernel_and_gives_it_back(printer: UsbPrinter) -> None:
    transport = Bench(printer).transport()
    await transport.open(RecordingSink())
    assert printer.log == ["open", "detach 0", "claim 0", "request 0xa1 0 0 0x0000"]
    assert transport.device_id == {"MFG": "EPSON", "CMD": "ESC/POS", "MDL": "TM-T88V", "CLS": "PRINTER"}
    await transport.close()
    await transport.close()
    assert printer.log[4:] == ["release 0", "attach 0", "close"]
    assert not printing_threads()


@pytest.mark.parametrize(
    ("interfaces", "out", "into"),
    [
        (((7, 1, 2, (0x81, 0x02)),), 0x02, 0x81),
        (((3, 0, 0, (0x83,)), (7, 1, 1, (0x01,))), 0x01, None),
        (((7, 1, 1, (0x01,)), (7, 1, 2, (0x02, 0x82))), 0x02, 0x82),
        (((255, 0, 0, (0x81, 0x01)), (7, 1, 4, (0x04, 0x84)), (7, 1, 2, (0x82, 0x05))), 0x05, 0x82),
    ],
    ids=["both ways", "composite, one way", "both, the better", "composite with IPP and vendor's own"],
)
async def test_libusb_reads_its_way_from_the_descriptors(
    interfaces: tuple[tuple[int, int, int, tuple[int, ...]], ...], out: int, into: int | None
) -> None:
    bulk = open_usb_bulk(FIRST, UsbPrinter(interfaces))
    assert (bulk.interface.out_address, bulk.interface.in_address) == (out, into)
    bulk.close()


@pytest.mark.parametrize(
    ("interfaces", "message"),
    [
        (((3, 1, 1, (0x81,)),), r"no printer's interface, .*it has class 0x03/1"),
        (((7, 1, 4, (0x01, 0x81)),), r"it has class 0x07/4"),
        (((7, 1, 2, (0x81,)),), r"no printer's interface"),
    ],
)
async def test_libusb_refuses_what_is_no_printer(
    interfaces: tuple[tuple[int, int, int, tuple[int, ...]], ...], message: str
) -> None:
    printer = UsbPrinter(interfaces)
    with pytest.raises(TransportError, match=message):
        await Bench(printer).transport().open(RecordingSink())
    assert printer.has_kernel_driver
    assert printer.log == ["open", "close"]


async def test_libusb_sends_each_byte_once_to_a_printer_that_takes_it_slowly(
    printer: UsbPrinter, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transfer that ran out of time has gone as far as it says."""
    monkeypatch.setattr("edge_gateway.transports.libusb.WRITE_SLICE_MS", 5)
    transport, sink = opened
    printer.room.clear()
    printer.room_bytes = 100
    writing = asyncio.create_task(transport.write(LONG))
    await wait_until(lambda: len(printer.taken) == 100)
    printer.say(b"\x14")
    await wait_until(lambda: sink.data == b"\x14")
    printer.room_bytes = 1000
    await wait_until(lambda: len(printer.taken) == 1100)
    assert not writing.done()
    printer.room_bytes = None
    printer.room.set()
    await writing
    assert bytes(printer.taken) == LONG


async def test_libusb_stalled_printer_holds_up_neither_loop_nor_close(printer: UsbPrinter) -> None:
    transport, sink = Bench(printer).transport(), RecordingSink()
    await transport.open(sink)
    printer.room.clear()
    printer.room_bytes = 10
    writing = asyncio.create_task(transport.write(LONG))
    assert await transport.port_status() == PortStatus(is_paper_empty=False, is_selected=True, is_error=False)
    loop = asyncio.get_running_loop()
    before_s = loop.time()
    await transport.close()
    assert loop.time() - before_s < 1.5
    with pytest.raises(TransportError, match="given up, while writing 65536 bytes"):
        await writing
    assert not printing_threads()
    assert sink.losses == []


async def test_libusb_write_that_is_given_up_sends_nothing_more(
    printer: UsbPrinter, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_gateway.transports.libusb.WRITE_SLICE_MS", 5)
    transport, _ = opened
    printer.room.clear()
    printer.room_bytes = 10
    writing = asyncio.create_task(transport.write(LONG))
    await wait_until(lambda: len(printer.taken) == 10)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    next_one = asyncio.create_task(transport.write(b"next"))
    printer.room_bytes = None
    printer.room.set()
    await next_one
    assert bytes(printer.taken).endswith(b"next")
    assert len(printer.taken) < 2 * 4096 + 100


async def test_libusb_port_status_is_told(printer: UsbPrinter, opened: Opened) -> None:
    transport, _ = opened
    printer.status = 0x30
    assert await transport.port_status() == PortStatus(is_paper_empty=True, is_selected=True, is_error=True)
    assert printer.log[-1] == "request 0xa1 1 0 0x0000"
    printer.status = None
    with pytest.raises(TransportError, match="no answer from its port: the printer refused it"):
        await transport.port_status()


async def test_libusb_unplug_is_told_once(printer: UsbPrinter) -> None:
    transport, sink = Bench(printer).transport(), RecordingSink()
    await transport.open(sink)
    printer.room.clear()
    writing = asyncio.create_task(transport.write(LONG))
    await asyncio.sleep(0)
    printer.unplug()
    await wait_until(lambda: sink.losses)
    assert str(sink.losses[0]).endswith("the printer was unplugged or switched off")
    with pytest.raises(TransportError):
        await writing
    with pytest.raises(TransportError, match="not open"):
        await transport.write(b"x")
    with pytest.raises(TransportError, match="not open"):
        await transport.port_status()
    await transport.close()
    printer.is_attached = printer.has_kernel_driver = True
    while not printer.said.empty():
        printer.said.get()
    await transport.open(sink)
    await transport.write(b"again")
    await transport.close()
    assert len(sink.losses) == 1


async def test_libusb_notices_a_mute_printer_that_is_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_gateway.transports.libusb.PRESENCE_S", 0.01)
    node = tmp_path / "004"
    node.symlink_to(FIRST)
    transport, sink = Bench(UsbPrinter(((7, 1, 1, (0x02,)),))).transport(node), RecordingSink()
    await transport.open(sink)
    await transport.write(b"one way")
    node.unlink()
    await wait_until(lambda: sink.losses)
    await transport.close()


async def test_libusb_clears_a_stall_of_the_way_back(printer: UsbPrinter) -> None:
    transport, sink = Bench(printer).transport(), RecordingSink()
    printer.stalls_in = STALLS_MAX
    await transport.open(sink)
    printer.say(b"\x12")
    await wait_until(lambda: sink.data == b"\x12")
    assert printer.log.count("clear 0x81") == STALLS_MAX
    await transport.close()


async def test_libusb_pipe_that_only_stalls_is_the_end(printer: UsbPrinter) -> None:
    transport, sink = Bench(printer).transport(), RecordingSink()
    printer.stalls_in = 1000
    await transport.open(sink)
    await wait_until(lambda: sink.losses)
    await transport.close()


async def test_libusb_stall_in_the_middle_of_a_write_is_never_gone_on_with(printer: UsbPrinter, opened: Opened) -> None:
    """How much of it the printer took is not known."""
    transport, sink = opened
    printer.stalls_out = 1
    with pytest.raises(TransportError, match="the printer refused it, while writing 65536 bytes"):
        await transport.write(LONG)
    await wait_until(lambda: sink.losses)
    assert "clear 0x02" in printer.log
    assert not printer.taken


async def test_libusb_empty_packets_do_not_keep_it_busy(printer: UsbPrinter, opened: Opened) -> None:
    _, sink = opened
    for _ in range(3):
        printer.say(b"")
    printer.say(b"\x12")
    await wait_until(lambda: sink.data == b"\x12")
    assert sink.losses == []


@pytest.mark.parametrize(
    ("number", "is_busy", "message"),
    [
        (errno.EBUSY, True, "claimed by another process"),
        (errno.EACCES, False, "must be in the group"),
        (errno.ENODEV, False, "no such node"),
        (errno.EIO, False, "cannot be opened"),
    ],
)
async def test_libusb_says_why_a_printer_cannot_be_opened(
    printer: UsbPrinter, number: int, is_busy: bool, message: str
) -> None:
    printer.is_refused = number
    with pytest.raises(TransportError, match=message) as caught:
        await Bench(printer).transport().open(RecordingSink())
    assert caught.value.is_busy is is_busy


async def test_libusb_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "usb.core.find", lambda **_: (_ for _ in ()).throw(__import__("usb.core").core.NoBackendError("no"))
    )
    transport = UsbPrinterTransport(UsbPrinterTransportSettings(kind="usb_printer", path=FIRST, through="libusb"))
    with pytest.raises(TransportError, match=r"libusb is not installed: apt install libusb-1\.0-0"):
        await transport.open(RecordingSink())


async def test_libusb_open_and_close_leave_no_thread(printer: UsbPrinter) -> None:
    transport, sink = Bench(printer).transport(), RecordingSink()
    for turn in range(20):
        opening = asyncio.create_task(transport.open(sink))
        if turn % 4 == 0:
            await asyncio.sleep(0)
            opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await transport.close()
        await wait_until(lambda: printer.has_kernel_driver, what="given back")
    assert not printing_threads()
