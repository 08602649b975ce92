"""The wire between a simulated device and the gateway: a pty or a FIFO under a stable name, to be pulled and put back.

``plug`` and ``unplug`` are called on the event loop. Unplugging looks to the gateway as a USB device that was pulled:
the name is gone, and whoever has it open gets a hang-up (pty: EIO, FIFO: end of file).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios
import tty
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

READ_BYTES = 65536
PENDING_BYTES_MAX = 1 << 20
"""Bytes kept while the far end does not read (its kernel buffer is full); a device without flow control loses more."""

DRAIN_S_MAX = 1.0
"""How long a device that only talks holds a read back while nobody listens."""

OnBytes = Callable[[bytes], None]


class Wire(Protocol):
    """The least a simulated device needs: a ``Link``, or the far end of a loopback in a test."""

    on_bytes: OnBytes | None

    def write(self, data: bytes) -> None: ...


class Link(Protocol):
    """One end of a wire, as a simulated device holds it."""

    path: Path
    on_bytes: OnBytes | None
    counters: Counter[str]

    @property
    def is_plugged(self) -> bool: ...

    def plug(self) -> None:
        """Make the node. Idempotent."""
        ...

    def unplug(self) -> None:
        """Take the node away; unread bytes are lost. Idempotent."""
        ...

    def write(self, data: bytes) -> None:
        """Send now or as soon as there is room. Unplugged: the bytes are lost and counted as ``dropped:unplugged``."""
        ...

    async def drain(self, limit_s: float | None = None) -> None:
        """Return when the kernel has all that was written, or after ``limit_s``."""
        ...


class _FdLink:
    """What both kinds share: one non-blocking descriptor, written in order, with a bounded queue of unsent bytes."""

    def __init__(self, path: Path | str, on_bytes: OnBytes | None = None) -> None:
        self.path = Path(path)
        self.on_bytes = on_bytes
        self.counters: Counter[str] = Counter()
        self._fd: int | None = None
        self._pending = bytearray()
        self._is_drained = asyncio.Event()
        self._is_drained.set()

    @property
    def is_plugged(self) -> bool:
        return self._fd is not None

    def write(self, data: bytes) -> None:
        if self._fd is None:
            self.counters["dropped:unplugged"] += len(data)
            return
        if len(self._pending) + len(data) > PENDING_BYTES_MAX:
            # All or nothing: half a read, or half a record, is not what a device loses.
            self.counters["dropped:not_read"] += len(data)
            return
        self._pending += data
        self._send()

    async def drain(self, limit_s: float | None = None) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_drained.wait(), limit_s)

    def _attach(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd

    def _detach(self) -> int | None:
        fd, self._fd = self._fd, None
        if fd is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(fd)
            loop.remove_writer(fd)
        self.counters["dropped:unplugged"] += len(self._pending)
        self._pending.clear()
        self._is_drained.set()
        return fd

    def _send(self) -> None:
        if self._fd is None:
            return
        loop = asyncio.get_running_loop()
        try:
            sent = os.write(self._fd, self._pending) if self._pending else 0
        except BlockingIOError:
            sent = 0
        del self._pending[:sent]
        self.counters["bytes_written"] += sent
        if self._pending:
            self._is_drained.clear()
            loop.add_writer(self._fd, self._send)
        else:
            self._is_drained.set()
            loop.remove_writer(self._fd)


class PtyLink(_FdLink):
    """A pty in raw mode; ``path`` is a symbolic link to its slave and keeps its name when it is plugged in again.

    The link leads through this process, and so to nothing once it was killed. A link to ``/dev/pts/5`` would lead to
    whoever gets that number next, and a gateway that still looks at the path would hold that one's port.
    """

    def __init__(self, path: Path | str, on_bytes: OnBytes | None = None) -> None:
        super().__init__(path, on_bytes)
        self._slave_fd: int | None = None

    def plug(self) -> None:
        if self.is_plugged:
            return
        master, slave = os.openpty()
        tty.setraw(slave, termios.TCSANOW)
        try:
            _point(self.path, f"/proc/{os.getpid()}/fd/{slave}")
        except OSError:
            os.close(slave)
            os.close(master)
            raise
        # The slave stays open here too: a master without any open slave reports EIO for ever.
        self._slave_fd = slave
        self._attach(master)
        asyncio.get_running_loop().add_reader(master, self._receive)

    def unplug(self) -> None:
        if (master := self._detach()) is None:
            return
        with suppress(FileNotFoundError):
            self.path.unlink()
        if self._slave_fd is not None:
            os.close(self._slave_fd)
            self._slave_fd = None
        os.close(master)

    def pause(self, is_paused: bool) -> None:
        """Read no more for a while: the far end's writes block when the kernel's buffer is full, as without DTR."""
        if self._fd is None:
            return
        loop = asyncio.get_running_loop()
        if is_paused:
            loop.remove_reader(self._fd)
        else:
            loop.add_reader(self._fd, self._receive)

    def _receive(self) -> None:
        if self._fd is None:
            return
        try:
            data = os.read(self._fd, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        self.counters["bytes_read"] += len(data)
        if data and self.on_bytes is not None:
            self.on_bytes(data)


class FifoLink(_FdLink):
    """A FIFO at ``path``, for devices that only send: it keeps binary records whole, whatever the reader does.

    ``in_messages``: each write is read by itself, as from a hidraw node (pipe(7), packet mode).
    """

    def __init__(self, path: Path | str, on_bytes: OnBytes | None = None, *, in_messages: bool = False) -> None:
        super().__init__(path, on_bytes)
        self._in_messages = in_messages

    def plug(self) -> None:
        if self.is_plugged:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_fifo():
            self.path.unlink()
        elif self.path.exists():
            raise FileExistsError(f"{self.path}: exists and is no FIFO; a simulator does not replace it")
        os.mkfifo(self.path, 0o600)
        # Read and write: opening does not wait for a reader, and a reader does not see the end before unplug.
        fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        if self._in_messages:
            fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_DIRECT)
        self._attach(fd)

    def unplug(self) -> None:
        if (fd := self._detach()) is None:
            return
        with suppress(FileNotFoundError):
            self.path.unlink()
        os.close(fd)


def _point(path: Path, target: str) -> None:
    """Make ``path`` a link to ``target``. Raises FileExistsError rather than replace anything but a symbolic link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        raise FileExistsError(f"{path}: exists and is no symbolic link; a simulator does not replace it")
    path.symlink_to(target)
