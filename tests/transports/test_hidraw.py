"""HID reports: one call per report, lost at once, every way to fail explained. The kernel's node itself: tests/lab."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ReportTransport
from edge_gateway.settings_transports import HidrawTransportSettings
from edge_gateway.transports.hidraw import REPORTS_PER_TURN, HidrawNode, HidrawTransport
from tests.support.descriptors import descriptor_count
from tests.support.threads import all_threads_busy
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

DESCRIPTOR = bytes.fromhex("05 8d 09 01 a1 01 c0")


class ReportWire:
    """A wire that keeps the bounds of reports, as a hidraw node does: a pair of packet sockets."""

    def __init__(self) -> None:
        self.ends: list[socket.socket] = []

    @property
    def device(self) -> socket.socket:
        return self.ends[-1]

    def acquire(self, path: Path) -> HidrawNode:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ends.append(theirs)
        ours.setblocking(False)
        return HidrawNode(ours.detach(), DESCRIPTOR, 3, 0x0922, 0x8003)

    def send(self, report: bytes) -> None:
        self.device.send(report)

    def unplug(self) -> None:
        while self.ends:
            self.ends.pop().close()


def hidraw(path: Path, wire: ReportWire | None = None) -> HidrawTransport:
    return HidrawTransport(HidrawTransportSettings(kind="hidraw", path=path), acquire=wire.acquire if wire else None)


@pytest.fixture
async def wire() -> AsyncIterator[ReportWire]:
    made = ReportWire()
    yield made
    made.unplug()


@pytest.fixture
async def opened(wire: ReportWire, tmp_path: Path) -> AsyncIterator[tuple[HidrawTransport, RecordingSink]]:
    transport, sink = hidraw(tmp_path / "hidraw0", wire), RecordingSink()
    await transport.open(sink)
    yield transport, sink
    await transport.close()


async def test_hidraw_gives_each_report_by_itself(
    wire: ReportWire, opened: tuple[HidrawTransport, RecordingSink]
) -> None:
    transport, sink = opened
    assert isinstance(transport, ReportTransport)
    assert (transport.report_descriptor, transport.vendor_id) == (DESCRIPTOR, 0x0922)
    reports = [bytes([3, number % 256]) * (1 + number % 30) for number in range(3 * REPORTS_PER_TURN)]
    for report in reports:
        wire.send(report)
    await wait_until(lambda: len(sink.chunks) == len(reports))
    assert sink.chunks == reports


async def test_hidraw_writes_an_output_report(wire: ReportWire, opened: tuple[HidrawTransport, RecordingSink]) -> None:
    transport, _ = opened
    await transport.write(b"\x02\x02")
    assert wire.device.recv(100) == b"\x02\x02"


async def test_hidraw_unplug_is_told_within_milliseconds(
    wire: ReportWire, opened: tuple[HidrawTransport, RecordingSink]
) -> None:
    transport, sink = opened
    wire.unplug()
    assert await wait_until(lambda: sink.losses) < 0.1
    with pytest.raises(TransportError, match="not open; an output report was not sent"):
        await transport.write(b"\x02\x02")
    await transport.close()
    assert len(sink.losses) == 1


async def test_hidraw_feature_that_is_refused_says_which(opened: tuple[HidrawTransport, RecordingSink]) -> None:
    transport, _ = opened
    with pytest.raises(TransportError, match="feature report 254 was not taken"):
        await transport.send_feature(b"\xfe\x01")
    with pytest.raises(TransportError, match="feature report 254 was not given"):
        await transport.get_feature(0xFE, 2)
    with pytest.raises(TransportError, match="20000 bytes asked; expected 1 to 16384"):
        await transport.get_feature(0xFE, 20000)


async def test_hidraw_drop_input_forgets_reports(
    wire: ReportWire, opened: tuple[HidrawTransport, RecordingSink]
) -> None:
    transport, sink = opened
    wire.send(b"stale")
    wire.send(b"staler")
    transport.drop_input()
    wire.send(b"fresh")
    await wait_until(lambda: sink.chunks)
    assert sink.chunks == [b"fresh"]


async def test_hidraw_is_silent_after_close(wire: ReportWire, tmp_path: Path) -> None:
    transport, sink = hidraw(tmp_path / "hidraw0", wire), RecordingSink()
    await transport.open(sink)
    wire.send(b"unread")
    await transport.close()
    await transport.close()
    wire.unplug()
    await asyncio.sleep(0)
    assert (sink.chunks, sink.losses) == ([], [])


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ("missing", "no such node; check that the device is plugged in"),
        ("file", "is no hidraw node"),
        ("fifo", "is no hidraw node"),
        (".", "is no hidraw node"),
        ("zero", "is no hidraw node"),
    ],
)
async def test_hidraw_says_why_a_node_cannot_be_opened(tmp_path: Path, node: str, message: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    before = descriptor_count()
    with pytest.raises(TransportError, match=message) as caught:
        await hidraw(tmp_path / node).open(RecordingSink())
    assert not caught.value.is_busy
    assert descriptor_count() <= before + 2, "the loop's own pipe at most"


async def test_hidraw_without_permission_shows_the_rule(tmp_path: Path) -> None:
    error = hidraw(tmp_path)._explain(PermissionError(13, "Permission denied"), tmp_path)
    assert f"of group '{tmp_path.group()}'" in str(error)
    assert 'SUBSYSTEM=="hidraw", GROUP="edge-gateway", MODE="0660"' in str(error)


async def test_hidraw_open_and_close_leak_no_descriptor(wire: ReportWire, tmp_path: Path) -> None:
    transport, sink = hidraw(tmp_path / "hidraw0", wire), RecordingSink()
    await transport.open(sink)
    await transport.close()
    wire.unplug()
    before = descriptor_count()
    for turn in range(1000):
        opening = asyncio.create_task(transport.open(sink))
        if turn % 10 == 0:
            await asyncio.sleep(0)
            opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await transport.close()
        wire.unplug()

    def is_clean() -> bool:
        wire.unplug()  # of an open that was cancelled, and went on in its thread
        return descriptor_count() <= before

    await wait_until(is_clean, what="every descriptor closed")


@pytest.mark.parametrize("work", ["close", "write"])
async def test_hidraw_leaks_nothing_when_cancelled_before_its_thread_began(
    wire: ReportWire, tmp_path: Path, work: str
) -> None:
    before = descriptor_count()
    transport = hidraw(tmp_path / "hidraw0", wire)
    await transport.open(RecordingSink())
    async with all_threads_busy():
        doing = asyncio.create_task(transport.close() if work == "close" else transport.write(b"\x00late"))
        for _ in range(3):
            await asyncio.sleep(0)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
    await transport.close()
    if work == "write":
        assert wire.device.recv(64) == b"", "what was given up is not sent"
    wire.unplug()
    await wait_until(lambda: descriptor_count() <= before)
