"""The simulators' wires: bytes both ways, and pulled out as a USB device is."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from simulators.link import FifoLink, PtyLink
from tests.support.waiting import wait_until


async def test_pty_link_carries_every_byte_both_ways(tmp_path: Path) -> None:
    received = bytearray()
    link = PtyLink(tmp_path / "dev" / "scanner", received.extend)
    link.plug()
    far_end = os.open(link.path, os.O_RDWR | os.O_NOCTTY)
    try:
        every_byte = bytes(range(256))
        os.write(far_end, every_byte)
        await wait_until(lambda: len(received) == 256)
        assert bytes(received) == every_byte
        link.write(every_byte)
        await link.drain()
        assert os.read(far_end, 1000) == every_byte
    finally:
        os.close(far_end)
        link.unplug()


async def test_pty_link_unplugged_hangs_up_and_comes_back_under_the_same_name(tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "scale")
    link.plug()
    far_end = os.open(link.path, os.O_RDWR | os.O_NOCTTY)
    link.unplug()
    assert not link.path.is_symlink()
    with contextlib.suppress(OSError):  # EIO, or the end of the file: both say that it is gone
        assert os.read(far_end, 10) == b""
    os.close(far_end)
    link.write(b"lost")
    assert link.counters["dropped:unplugged"] == 4
    link.plug()
    assert link.path.exists()
    link.unplug()


async def test_pty_link_does_not_replace_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ttyS0"
    path.write_text("mine")
    link = PtyLink(path)
    with pytest.raises(FileExistsError):
        link.plug()
    assert path.read_text() == "mine"
    link.unplug()


async def test_fifo_link_sends_whole_records_and_ends_when_unplugged(tmp_path: Path) -> None:
    link = FifoLink(tmp_path / "event0")
    link.plug()
    far_end = os.open(link.path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(BlockingIOError):  # no end of file while it is plugged in
            os.read(far_end, 10)
        link.write(bytes(range(48)))
        assert os.read(far_end, 100) == bytes(range(48))
        link.unplug()
        assert os.read(far_end, 10) == b""
    finally:
        os.close(far_end)


async def test_link_that_nobody_reads_is_bounded_and_drains_later(tmp_path: Path) -> None:
    link = FifoLink(tmp_path / "event0")
    link.plug()
    far_end = os.open(link.path, os.O_RDONLY | os.O_NONBLOCK)
    for _ in range(3):
        link.write(bytes(1 << 20))
    assert link.counters["dropped:not_read"] > 0
    received = 0

    def read_all() -> bool:
        nonlocal received
        try:
            received += len(os.read(far_end, 1 << 20))
        except BlockingIOError:
            return received + link.counters["dropped:not_read"] == 3 << 20
        return False

    await wait_until(read_all)
    await link.drain()
    os.close(far_end)
    link.unplug()
