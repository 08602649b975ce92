"""Keyboard-like input devices: ``struct input_event`` records, read with an exclusive grab.

On machines without real input nodes the records may come from a FIFO or a pty, which are locked instead of grabbed.
Records: Linux, include/uapi/linux/input.h; 24 bytes on 64-bit systems. They are passed on as they come.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import termios
import tty
from contextlib import suppress
from pathlib import Path

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import EvdevTransportSettings
from edge_gateway.transports.stream import has_node, owning_group

EVIOCGRAB = 0x40044590
"""_IOW('E', 0x90, int): events go to this descriptor alone, not to a console or a desktop."""

INPUT_MAJOR = 13
PTY_MAJORS = range(136, 144)
"""Documentation/admin-guide/devices.txt."""

READ_BYTES = 64 * 24
"""One turn of the loop takes at most as many records as a kernel queue holds (64); the rest comes with the next."""

STALE_READS_MAX = 64
"""What was queued before the open is dropped; a source that fills faster than this is not waited for."""


class EvdevTransport:
    """One input node. It only reads; its keys reach nobody else while it is open."""

    def __init__(self, settings: EvdevTransportSettings) -> None:
        self.description = f"evdev {settings.path}"
        self._path = settings.path
        self._fd: int | None = None
        self._sink: ByteSink | None = None
        self._is_opening = False

    def is_there(self) -> bool:
        return has_node(self._path)

    async def open(self, sink: ByteSink) -> None:
        if self._fd is not None or self._is_opening:
            raise TransportError(f"{self.description}: already open", is_busy=True)
        loop = asyncio.get_running_loop()
        self._is_opening = True
        # In a thread: opening can wake a sleeping USB device, which takes its time.
        opening = loop.run_in_executor(None, _acquire, self._path)
        try:
            self._fd = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_release_late)
            raise
        except OSError as error:
            raise self._explain(error) from error
        finally:
            self._is_opening = False
        self._sink = sink
        loop.add_reader(self._fd, self._read)

    async def write(self, data: bytes) -> None:
        raise TransportError(f"{self.description}: an input device cannot be written to")

    def drop_input(self) -> None:
        if self._fd is not None:
            with suppress(OSError):  # lost: the loop hears of it by itself
                _drop_queued(self._fd)

    async def close(self) -> None:
        self._sink = None
        fd = self._stop_reading()
        if fd is not None:
            # In a thread: the kernel lets a release of an input node wait for its other readers (RCU).
            await asyncio.get_running_loop().run_in_executor(None, os.close, fd)

    def _read(self) -> None:
        if self._fd is None or self._sink is None:
            return
        try:
            data = os.read(self._fd, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._sink.data_received(data)
        else:
            self._lose(None)

    def _lose(self, error: OSError | None) -> None:
        fd = self._stop_reading()
        if fd is not None:
            os.close(fd)
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.connection_lost(error)

    def _stop_reading(self) -> int | None:
        fd, self._fd = self._fd, None
        if fd is not None:
            asyncio.get_running_loop().remove_reader(fd)
        return fd

    def _explain(self, error: OSError) -> TransportError:
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return TransportError(f"{self.description}: no such node; check that the device is plugged in and on")
            case errno.EBUSY | errno.EAGAIN:
                return TransportError(
                    f"{self.description}: grabbed by another process; end it (fuser -v {self._path})", is_busy=True
                )
            case errno.EACCES | errno.EPERM:
                return TransportError(
                    f"{self.description}: permission denied; the user of this process must be in the group "
                    f"{owning_group(self._path, 'input')!r} (usermod -aG, then start again)"
                )
            case errno.ENOTTY | errno.EINVAL | errno.EISDIR:
                return TransportError(f"{self.description}: is no input device; correct transport.path")
        return TransportError(f"{self.description}: cannot be opened: {error}")


def _acquire(path: Path) -> int:
    """Open and own the node, with nothing old in its queue. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        major = os.major(status.st_rdev) if stat.S_ISCHR(status.st_mode) else None
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if major == INPUT_MAJOR:
            fcntl.ioctl(fd, EVIOCGRAB, 1)
        elif major is not None and major in PTY_MAJORS:
            _set_raw(fd)
        elif not stat.S_ISFIFO(status.st_mode):
            raise OSError(errno.ENOTTY, "neither an input node nor a FIFO or pty")
        _drop_queued(fd)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _set_raw(fd: int) -> None:
    try:
        tty.setraw(fd)
    except termios.error as error:
        raise OSError(*error.args) from error


def _drop_queued(fd: int) -> None:
    for _ in range(STALE_READS_MAX):
        try:
            if not os.read(fd, READ_BYTES):
                return
        except BlockingIOError:
            return


def _release_late(opening: asyncio.Future[int]) -> None:
    """The open that nobody waits for any more has ended: give back what it got."""
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result())
