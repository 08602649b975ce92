"""USB printers through usblp: room, silence and loss as the node tells them. The kernel's own node: tests/lab."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.usb_printer import PortStatus
from edge_gateway.contracts.usb_printer import UsbPrinterTransport as Contract
from edge_gateway.settings_transports import UsbPrinterTransportSettings
from edge_gateway.transports.descriptor import READ_ERRORS_MAX, Descriptor
from edge_gateway.transports.usb_printer import UsbPrinterTransport
from edge_gateway.transports.usblp import UsblpPort
from tests.support.descriptors import descriptor_count
from tests.support.printer_node import PrinterNode
from tests.support.threads import all_threads_busy
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

LONG = bytes(range(256)) * 256
"""More than any buffer on the way."""


def printer(path: Path, node: PrinterNode | None = None) -> UsbPrinterTransport:
    settings = UsbPrinterTransportSettings(kind="usb_printer", path=path)
    if node is None:
        return UsbPrinterTransport(settings)
    return UsbPrinterTransport(settings, None, lambda way, description: UsblpPort(description, node.acquire))


@pytest.fixture
async def node() -> AsyncIterator[PrinterNode]:
    made = PrinterNode()
    yield made
    made.may_answer.set()
    made.unplug()


@pytest.fixture
async def opened(node: PrinterNode, tmp_path: Path) -> AsyncIterator[tuple[UsbPrinterTransport, RecordingSink]]:
    transport, sink = printer(tmp_path / "lp0", node), RecordingSink()
    await transport.open(sink)
    yield transport, sink
    await transport.close()


Opened = tuple[UsbPrinterTransport, RecordingSink]


async def test_usblp_carries_bytes_both_ways(node: PrinterNode, opened: Opened) -> None:
    transport, sink = opened
    assert isinstance(transport, Contract)
    writing = asyncio.create_task(transport.write(LONG))
    taken = await asyncio.to_thread(node.take, len(LONG))
    await writing
    assert taken == LONG
    node.say(b"\x12" * 3000)
    await wait_until(lambda: len(sink.data) == 3000)


async def test_usblp_tells_who_the_printer_is(opened: Opened) -> None:
    assert opened[0].device_id == {"MFG": "EPSON", "MDL": "TM-T88V", "CMD": "ESC/POS", "SN": "J5CF012345"}


async def test_usblp_stalled_printer_holds_up_its_writer_alone(node: PrinterNode, opened: Opened) -> None:
    transport, sink = opened
    writing = asyncio.create_task(transport.write(LONG))
    node.say(b"\x14\x00\x0c\x0f")
    await wait_until(lambda: sink.data)
    assert not writing.done()
    loop = asyncio.get_running_loop()
    before_s = loop.time()
    await transport.close()
    assert loop.time() - before_s < 0.5
    with pytest.raises(TransportError, match="connection lost while writing 65536 bytes"):
        await writing


async def test_usblp_write_that_is_given_up_sends_nothing_more(node: PrinterNode, opened: Opened) -> None:
    transport, _ = opened
    writing = asyncio.create_task(transport.write(LONG))
    for _ in range(5):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    next_one = asyncio.create_task(transport.write(b"next"))
    node.far.settimeout(5.0)
    taken = b""
    while not taken.endswith(b"next"):
        taken += await asyncio.to_thread(node.far.recv, 65536)
    await next_one
    assert len(taken) < len(LONG)
    assert LONG.startswith(taken.removesuffix(b"next"))


async def test_usblp_port_status_is_told(node: PrinterNode, opened: Opened) -> None:
    transport, _ = opened
    assert await transport.port_status() == PortStatus(is_paper_empty=False, is_selected=True, is_error=False)
    node.status = 0x20
    assert await transport.port_status() == PortStatus(is_paper_empty=True, is_selected=False, is_error=True)
    node.status = None
    with pytest.raises(TransportError, match="no answer from its port: the printer does not answer"):
        await transport.port_status()


async def test_usblp_is_left_alone_while_its_port_is_asked(node: PrinterNode, opened: Opened) -> None:
    """The driver holds its lock meanwhile: reading, writing or polling would block the whole loop."""
    transport, sink = opened
    node.may_answer.clear()
    asking = asyncio.create_task(transport.port_status())
    await wait_until(node.is_asked.is_set)
    node.say(b"\x12")
    writing = asyncio.create_task(transport.write(b"x"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (sink.data, writing.done()) == (b"", False)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert sink.data == b"", "still asked: only its thread can end that"
    node.may_answer.set()
    await writing
    await wait_until(lambda: sink.data == b"\x12")


async def test_usblp_unplug_is_told_once(node: PrinterNode, opened: Opened, tmp_path: Path) -> None:
    transport, sink = opened
    writing = asyncio.create_task(transport.write(LONG))
    await asyncio.sleep(0)
    node.unplug()
    await wait_until(lambda: sink.losses)
    with pytest.raises(TransportError, match="connection lost"):
        await writing
    with pytest.raises(TransportError, match="not open"):
        await transport.port_status()
    await transport.open(sink)
    await transport.write(b"again")
    assert node.take(5) == b"again"
    assert len(sink.losses) == 1


async def test_usblp_drop_input_forgets_what_waits(node: PrinterNode, opened: Opened) -> None:
    transport, sink = opened
    node.say(b"stale")
    transport.drop_input()
    node.say(b"fresh")
    await wait_until(lambda: sink.data)
    assert sink.data == b"fresh"


class Reads:
    """What a node says when it is read, in turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: bytes | int) -> None:
        self.answers = list(answers)
        self.count = 0
        self._read = os.read
        monkeypatch.setattr("edge_gateway.transports.descriptor.os.read", self)
        monkeypatch.setattr("edge_gateway.transports.descriptor.REST_S", 0.001)

    def __call__(self, fd: int, size: int) -> bytes:
        self.count += 1
        answer = self.answers.pop(0) if self.answers else self._read(fd, size)
        if isinstance(answer, int):
            raise OSError(answer, os.strerror(answer))
        return answer


@pytest.mark.parametrize(
    "answers",
    [(b"", b"", b""), (errno.EIO,) * (READ_ERRORS_MAX - 1), (errno.EINVAL,) * 9, (errno.EAGAIN, errno.EINTR)],
    ids=["empty packets", "a bad cable", "no way back", "not yet"],
)
async def test_usblp_read_that_gives_nothing_is_no_end(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[bytes | int, ...]
) -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        sink = RecordingSink()
        link = Descriptor(near.fileno(), sink, write_bytes_max=8192, ends_at_nothing=False)
        reads = Reads(monkeypatch, *answers)
        link.start()
        far.send(b"\x12")
        await wait_until(lambda: sink.data == b"\x12")
        assert (sink.losses, reads.answers) == ([], [])
        link.give_back()


async def test_usblp_reads_that_keep_failing_are_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        sink = RecordingSink()
        link = Descriptor(near.fileno(), sink, write_bytes_max=8192, ends_at_nothing=False)
        reads = Reads(monkeypatch, *(errno.EIO,) * 50)
        link.start()
        far.send(b"\x12")
        await wait_until(lambda: sink.losses)
        assert reads.count == READ_ERRORS_MAX
        link.give_back()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "no such node; check that the printer is plugged in"),
        ("file", "is no printer node"),
        ("zero", "is no printer node"),
        (".", "is no printer node"),
    ],
)
async def test_usblp_says_why_a_node_cannot_be_opened(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "zero").symlink_to("/dev/zero")
    before = descriptor_count()
    with pytest.raises(TransportError, match=message) as caught:
        await printer(tmp_path / name).open(RecordingSink())
    assert not caught.value.is_busy
    assert descriptor_count() <= before + 2, "the loop's own pipe at most"


@pytest.mark.parametrize(
    ("number", "is_busy", "message"),
    [
        (errno.EBUSY, True, "such as CUPS"),
        (errno.EACCES, False, "must be in the group"),
        (errno.ENOMEM, False, "memory"),
    ],
)
async def test_usblp_says_what_to_do(tmp_path: Path, number: int, is_busy: bool, message: str) -> None:
    def refuse(path: Path) -> None:
        raise OSError(number, os.strerror(number))

    port = UsblpPort("usb_printer x", refuse)  # type: ignore[arg-type]
    with pytest.raises(TransportError, match=message) as caught:
        await port.open(tmp_path, RecordingSink())
    assert caught.value.is_busy is is_busy


async def test_usblp_open_and_close_leak_no_descriptor(node: PrinterNode, tmp_path: Path) -> None:
    transport, sink = printer(tmp_path / "lp0", node), RecordingSink()
    await transport.open(sink)
    await transport.close()
    node.unplug()
    before = descriptor_count()
    for turn in range(300):
        opening = asyncio.create_task(transport.open(sink))
        if turn % 10 == 0:
            await asyncio.sleep(0)
            opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        if turn % 7 == 0 and not opening.cancelled():
            asking = asyncio.create_task(transport.port_status())
            await asyncio.sleep(0)
            asking.cancel()
        await transport.close()
        node.unplug()

    def is_clean() -> bool:
        node.unplug()
        return descriptor_count() <= before

    await wait_until(is_clean, what="every descriptor closed")


@pytest.mark.parametrize("work", ["close", "port_status"])
async def test_usblp_leaks_nothing_when_cancelled_before_its_thread_began(
    node: PrinterNode, tmp_path: Path, work: str
) -> None:
    before = descriptor_count()
    transport = printer(tmp_path / "lp0", node)
    await transport.open(RecordingSink())
    async with all_threads_busy():
        doing = asyncio.create_task(transport.close() if work == "close" else transport.port_status())  # type: ignore[arg-type]
        for _ in range(3):
            await asyncio.sleep(0)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
    await transport.close()
    node.unplug()
    await wait_until(lambda: descriptor_count() <= before)
