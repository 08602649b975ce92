"""A wire to the kernel's printer gadget: the far end of a USB printer that this very machine's kernel has plugged in.

Source: Linux, drivers/usb/gadget/function/f_printer.c. What the host sends waits in the gadget until it is read, up to
its queue of transfers; then the host is made to wait. The node goes and comes with each pull and push.

Let go of the node (``unplug``) before the gadget is pulled: a node that is open then and is pushed in again corrupts
the kernel's list of its inodes (6.12), which stops the machine when it is closed.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import select
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from simulators.link import PENDING_BYTES_MAX, OnBytes
from simulators.printer_condition import Condition

READ_BYTES = 8192
TICK_S = 0.1
"""After a reset of the bus the gadget takes nothing until it is polled, which the loop does not do by itself."""

GADGET_SET_PRINTER_STATUS = 0xC0016722
"""_IOWR('g', 0x22, unsigned char): what it answers to GET_PORT_STATUS."""


def port_status(condition: Condition) -> int:
    """The byte of a USB printer's port: paper empty, selected, no error (Printing Devices 1.1, 4.2.2)."""
    return 0x20 * condition.is_paper_out | 0x10 * (not condition.is_offline) | 0x08 * (not condition.has_error)


class GadgetLink:
    """``path``: such as /dev/g_printer0. ``port_status``: asked each tick. ``plug`` begins to look for the node."""

    def __init__(self, path: Path, port_status: Callable[[], int] = lambda: 0x18) -> None:
        self.path = path
        self.on_bytes: OnBytes | None = None
        self.counters: Counter[str] = Counter()
        self._port_status = port_status
        self._told_status: int | None = None
        self._fd: int | None = None
        self._is_paused = self._is_read = False
        self._pending = bytearray()
        self._ticking: asyncio.Task[None] | None = None

    @property
    def is_plugged(self) -> bool:
        return self._fd is not None

    def plug(self) -> None:
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().create_task(self._tick(), name=f"gadget {self.path}")

    def unplug(self) -> None:
        """Let go of the node; the gadget itself stays plugged in."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        self._release()

    def pause(self, is_paused: bool) -> None:
        """Read no more for a while: the host's transfers wait when the gadget's queue is full."""
        self._is_paused = is_paused
        self._watch()

    def write(self, data: bytes) -> None:
        if self._fd is None or len(self._pending) + len(data) > PENDING_BYTES_MAX:
            self.counters["dropped"] += len(data)
            return
        self._pending += data
        self._send()

    async def drain(self, limit_s: float | None = None) -> None:
        """What was written goes when the host asks for it."""

    async def _tick(self) -> None:
        while True:
            if self._fd is None or not self._is_same_node():
                self._release()
                self._open()
            elif not self._is_paused:
                poll = select.poll()
                poll.register(self._fd, select.POLLIN)
                poll.poll(0)
            self._send()
            self._tell_status()
            await asyncio.sleep(TICK_S)

    def _open(self) -> None:
        with suppress(OSError):  # it is not there now, or not free yet
            self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self._told_status = None
            self.counters["opened"] += 1
            self._watch()

    def _is_same_node(self) -> bool:
        """A node that was pushed in again is another file of the same name."""
        assert self._fd is not None
        try:
            return self.path.stat().st_ino == os.fstat(self._fd).st_ino
        except OSError:
            return False

    def _release(self) -> None:
        fd, self._fd = self._fd, None
        self._pending.clear()
        if fd is not None:
            if self._is_read:
                asyncio.get_running_loop().remove_reader(fd)
                self._is_read = False
            os.close(fd)

    def _watch(self) -> None:
        wants = self._fd is not None and not self._is_paused
        if self._fd is not None and wants != self._is_read:
            self._is_read = wants
            loop = asyncio.get_running_loop()
            if wants:
                loop.add_reader(self._fd, self._receive)
            else:
                loop.remove_reader(self._fd)

    def _receive(self) -> None:
        if self._fd is None:
            return
        try:
            data = os.read(self._fd, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise
            self._release()  # pulled, or reset by the host: the next tick looks again
            return
        self.counters["bytes_read"] += len(data)
        if data and self.on_bytes is not None:
            self.on_bytes(data)

    def _send(self) -> None:
        if self._fd is not None and self._pending:
            with suppress(OSError):  # no room, or pulled: the next tick tries again
                del self._pending[: os.write(self._fd, self._pending)]

    def _tell_status(self) -> None:
        status = self._port_status()
        if self._fd is not None and status != self._told_status:
            with suppress(OSError):
                fcntl.ioctl(self._fd, GADGET_SET_PRINTER_STATUS, status)
                self._told_status = status
