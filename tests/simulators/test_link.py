"""The simulators' wires: bytes both ways, and pulled out as a USB device is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

from simulators.link import FifoLink, PtyLink
from tests.support.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]

KILLED_SIMULATOR = """
import asyncio, os, signal, sys
from simulators.link import PtyLink
async def main():
    link = PtyLink(sys.argv[1])
    link.plug()
    print(link.path.resolve(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


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


async def test_pty_link_of_a_killed_simulator_leads_to_nobody(tmp_path: Path) -> None:
    """Its number is the next one's; a gateway that still looks at the path must not find that one there."""
    path, mine = tmp_path / "scale", []
    simulator = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_SIMULATOR, str(path), cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    assert simulator.stdout is not None
    name = (await asyncio.wait_for(simulator.stdout.readline(), 30)).decode().strip()
    assert name.startswith("/dev/pts/"), name
    await simulator.wait()
    try:
        while not Path(name).exists():
            mine.extend(os.openpty())  # of the freed numbers, until this one is given again
        assert path.is_symlink()
        assert not path.exists()
    finally:
        for fd in mine:
            os.close(fd)
    path.unlink()


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
