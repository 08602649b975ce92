"""Input nodes, here as FIFO and pty: owned alone, nothing old, lost at once."""

from __future__ import annotations

import asyncio
import errno
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import EvdevTransportSettings
from edge_gateway.transports.evdev import EvdevTransport
from tests.support.descriptors import descriptor_count
from tests.support.pty import DevicePty
from tests.support.threads import all_threads_busy
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

KEY_RECORD = struct.pack("llHHi", 1_700_000_000, 0, 1, 30, 1)


def evdev(path: Path) -> EvdevTransport:
    return EvdevTransport(EvdevTransportSettings(kind="evdev", path=path))


class Fifo:
    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def write(self, data: bytes) -> None:
        assert os.write(self.fd, data) == len(data)

    def unplug(self) -> None:
        if self.fd >= 0:
            self.path.unlink()
            os.close(self.fd)
            self.fd = -1


@pytest.fixture(params=["fifo", "pty"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fifo | DevicePty]:
    made = Fifo(tmp_path / "event-kbd") if request.param == "fifo" else DevicePty(tmp_path / "event-kbd")
    yield made
    made.unplug()


async def test_evdev_passes_records_on_and_none_from_before_the_open(source: Fifo | DevicePty) -> None:
    transport, sink = evdev(source.path), RecordingSink()
    source.write(KEY_RECORD * 40)
    await transport.open(sink)
    record = struct.pack("llHHi", 1, 2, 1, 28, 0)
    source.write(record)
    await wait_until(lambda: len(sink.data) >= len(record))
    assert sink.data == record
    await transport.close()


async def test_evdev_node_has_one_reader(source: Fifo | DevicePty) -> None:
    first, second, sink = evdev(source.path), evdev(source.path), RecordingSink()
    await first.open(sink)
    with pytest.raises(TransportError, match="grabbed by another process") as caught:
        await second.open(RecordingSink())
    assert caught.value.is_busy
    source.write(KEY_RECORD)
    await wait_until(lambda: sink.data == KEY_RECORD)
    await first.close()
    await second.open(sink)
    await second.close()


async def test_evdev_unplug_is_told_within_milliseconds(source: Fifo | DevicePty) -> None:
    transport, sink = evdev(source.path), RecordingSink()
    await transport.open(sink)
    source.unplug()
    assert await wait_until(lambda: sink.losses) < 0.1
    await transport.close()
    assert len(sink.losses) == 1
    with pytest.raises(TransportError, match="no such node"):
        await transport.open(sink)


async def test_evdev_is_silent_after_close_and_cannot_be_written(source: Fifo | DevicePty) -> None:
    transport, sink = evdev(source.path), RecordingSink()
    await transport.open(sink)
    with pytest.raises(TransportError, match="cannot be written to"):
        await transport.write(b"x")
    source.write(KEY_RECORD)
    await transport.close()
    await transport.close()
    await asyncio.sleep(0)
    assert (sink.data, sink.losses) == (b"", [])


async def test_evdev_sees_without_opening_whether_its_node_is_there(source: Fifo | DevicePty, tmp_path: Path) -> None:
    assert evdev(source.path).is_there()
    assert not evdev(tmp_path / "gone").is_there()


async def test_evdev_drop_input_forgets_what_the_kernel_has(source: Fifo | DevicePty) -> None:
    transport, sink = evdev(source.path), RecordingSink()
    await transport.open(sink)
    source.write(KEY_RECORD)
    transport.drop_input()
    await asyncio.sleep(0)
    assert sink.data == b""
    await transport.close()


@pytest.mark.parametrize(
    ("node", "message"), [("missing", "no such node"), ("file", "is no input"), (".", "is no inp")]
)
async def test_evdev_says_why_a_node_cannot_be_opened(tmp_path: Path, node: str, message: str) -> None:
    (tmp_path / "file").write_bytes(KEY_RECORD)
    with pytest.raises(TransportError, match=message):
        await evdev(tmp_path / node).open(RecordingSink())


def test_evdev_explains_a_grabbed_node_and_a_forbidden_one(tmp_path: Path) -> None:
    path = tmp_path / "event0"
    transport = evdev(path)
    assert transport._explain(OSError(errno.EBUSY, "Device or resource busy"), path).is_busy
    assert "must be in the group 'input'" in str(transport._explain(OSError(errno.EACCES, "Permission denied"), path))


async def test_evdev_open_and_close_leak_no_descriptor(source: Fifo | DevicePty) -> None:
    transport, sink = evdev(source.path), RecordingSink()
    await transport.open(sink)
    await transport.close()
    before = descriptor_count()
    for _ in range(500):  # on each of the two event loops
        await transport.open(sink)
        await transport.close()
    for turns in range(30):
        opening = asyncio.create_task(transport.open(sink))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await transport.close()
    await wait_until(lambda: descriptor_count() == before, what="every descriptor closed")


async def test_evdev_closed_before_a_thread_was_free_can_be_opened_again(source: Fifo | DevicePty) -> None:
    transport = evdev(source.path)
    await transport.open(RecordingSink())
    async with all_threads_busy():
        closing = asyncio.create_task(transport.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
    sink = RecordingSink()
    await transport.open(sink)
    source.write(KEY_RECORD)
    await wait_until(lambda: sink.data == KEY_RECORD)
    await transport.close()
