"""Keyboard-like input devices: ``struct input_event`` records, read with an exclusive grab.

On machines without real input nodes the records may come from a FIFO or a pty, which are locked instead of grabbed.
Records: Linux, include/uapi/linux/input.h; 24 bytes on 64-bit systems. They are passed on as they come; where a device
has several keyboards, which a scanner may use in turn, those of each node whole.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import termios
import tty
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from edge_gateway.contracts.attachment import Locator, NodeKind
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import EvdevTransportSettings
from edge_gateway.transports.nodes import NodePlace
from edge_gateway.transports.stream import owning_group

EVIOCGRAB = 0x40044590
"""_IOW('E', 0x90, int): events go to this descriptor alone, not to a console or a desktop."""

INPUT_MAJOR = 13
PTY_MAJORS = range(136, 144)
"""Documentation/admin-guide/devices.txt."""

RECORD_BYTES = 24
READ_BYTES = 64 * RECORD_BYTES
"""One turn of the loop takes at most as many records as a kernel queue holds (64); the rest comes with the next."""

STALE_READS_MAX = 64
"""What was queued before the open is dropped; a source that fills faster than this is not waited for."""


class EvdevTransport:
    """The input nodes of one device, open all or none. It only reads; their keys reach nobody else meanwhile."""

    def __init__(self, settings: EvdevTransportSettings, locator: Locator | None = None) -> None:
        self._place = NodePlace(settings, NodeKind.EVDEV, locator)
        self.description = f"evdev {self._place}"
        self._parts: dict[int, bytes] = {}
        """By open descriptor, the beginning of a record whose rest has not come."""
        self._sink: ByteSink | None = None
        self._is_opening = False

    def is_there(self) -> bool:
        return self._place.is_there()

    async def open(self, sink: ByteSink) -> None:
        if self._parts or self._is_opening:
            raise TransportError(f"{self.description}: already open", is_busy=True)
        paths = self._place.require(self.description)
        loop = asyncio.get_running_loop()
        self._is_opening = True
        # In a thread: opening can wake a sleeping USB device, which takes its time.
        opening = loop.run_in_executor(None, _acquire_all, paths)
        try:
            fds = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_release_late)
            raise
        except OSError as error:
            raise self._explain(error, Path(error.filename or paths[0])) from error
        finally:
            self._is_opening = False
        try:
            self._place.check_unchanged(paths, self.description)
        except TransportError:
            _close_all(fds)
            raise
        self._sink = sink
        self._parts = dict.fromkeys(fds, b"")
        for fd in fds:
            loop.add_reader(fd, partial(self._read, fd))

    async def write(self, data: bytes) -> None:
        raise TransportError(f"{self.description}: an input device cannot be written to")

    def drop_input(self) -> None:
        for fd in self._parts:
            self._parts[fd] = b""
            with suppress(OSError):  # lost: the loop hears of it by itself
                _drop_queued(fd)

    async def close(self) -> None:
        self._sink = None
        fds = self._stop_reading()
        if fds:
            # In a thread: the kernel lets a release of an input node wait for its other readers (RCU).
            # Shielded: cancelled while it waits for a thread, it would never run.
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, _close_all, fds))

    def _read(self, fd: int) -> None:
        if fd not in self._parts or self._sink is None:
            return
        try:
            data = os.read(fd, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._lose(None)
            return
        if len(self._parts) > 1:
            data = self._parts[fd] + data
            whole = len(data) - len(data) % RECORD_BYTES
            data, self._parts[fd] = data[:whole], data[whole:]
        if data:
            self._sink.data_received(data)

    def _lose(self, error: OSError | None) -> None:
        _close_all(self._stop_reading())
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.connection_lost(error)

    def _stop_reading(self) -> tuple[int, ...]:
        fds, self._parts = tuple(self._parts), {}
        for fd in fds:
            asyncio.get_running_loop().remove_reader(fd)
        return fds

    def _explain(self, error: OSError, path: Path) -> TransportError:
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return TransportError(f"{self.description}: no such node; check that the device is plugged in and on")
            case errno.EBUSY | errno.EAGAIN:
                return TransportError(
                    f"{self.description}: grabbed by another process; end it (fuser -v {path})", is_busy=True
                )
            case errno.EACCES | errno.EPERM:
                return TransportError(
                    f"{self.description}: permission denied; the user of this process must be in the group "
                    f"{owning_group(path, 'input')!r} (usermod -aG, then start again)"
                )
            case errno.ENOTTY | errno.EINVAL | errno.EISDIR:
                return TransportError(f"{self.description}: is no input device; correct transport.path")
        return TransportError(f"{self.description}: cannot be opened: {error}")


def _acquire_all(paths: tuple[Path, ...]) -> tuple[int, ...]:
    """All of them, or none. Raises OSError with the name of the one that could not be had."""
    fds: list[int] = []
    try:
        for path in paths:
            try:
                fds.append(_acquire(path))
            except OSError as error:
                error.filename = str(path)
                raise
    except BaseException:
        _close_all(fds)
        raise
    return tuple(fds)


def _close_all(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


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


def _release_late(opening: asyncio.Future[tuple[int, ...]]) -> None:
    """The open that nobody waits for any more has ended: give back what it got."""
    if not opening.cancelled() and opening.exception() is None:
        _close_all(opening.result())
