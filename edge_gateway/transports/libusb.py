"""USB printers through libusb: where there is no usblp, or it does not serve. One thread reads, one writes.

Neither holds more than one piece: the reader waits until the loop has taken what it read, the writer is given the next
piece when the printer has taken the last. A printer that takes nothing holds up the writer's thread, for one slice of
time at most after the close.
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.contracts.usb_printer import PortStatus, parse_device_id
from edge_gateway.transports.stream import CLOSE_S_MAX, has_node, owning_group
from edge_gateway.transports.usb_bulk import TRANSFER_BYTES_MAX, UsbBulk, open_usb_bulk
from edge_gateway.transports.usblp import reason_of

WRITE_SLICE_MS = 500
READ_SLICE_MS = 250
"""So long one transfer may wait before it is asked whether it is still wanted. Ending a transfer that waits costs
nothing: libusb says how many bytes went."""

STALLS_MAX = 5
"""In a row; a pipe that stalls at once after it was cleared is broken."""

REST_S = 0.05
"""Between reads that bring nothing at once: see ``descriptor.REST_S``."""

PRESENCE_S = 1.0
"""How often it is looked whether a printer that says nothing is still there."""


@dataclass(slots=True, eq=False)
class _Piece:
    data: bytes
    done: asyncio.Future[None]
    is_wanted: bool = True


class LibusbPort:
    """One printer; one ``open`` per object. ``acquire`` is called in a thread."""

    def __init__(self, description: str, acquire: Callable[[Path], UsbBulk] | None = None) -> None:
        self._description = description
        self._acquire = acquire or open_usb_bulk
        self._bulk: UsbBulk | None = None
        self._sink: ByteSink | None = None
        self._pieces: SimpleQueue[_Piece | None] = SimpleQueue()
        self._writing = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._ending = threading.Event()
        self._taken = threading.Event()
        self._threads: list[threading.Thread] = []
        self._closing: asyncio.Future[None] | None = None
        self._drops = 0
        self.is_lost = False
        self.device_id: Mapping[str, str] = {}

    async def open(self, path: Path, sink: ByteSink) -> None:
        """Raises TransportError."""
        self._loop = asyncio.get_running_loop()
        opening = self._loop.run_in_executor(None, self._open, path)
        try:
            bulk, device_id = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(lambda done: _release_late(self._loop, done))
            raise
        except (OSError, LookupError, ImportError) as error:
            raise self._explain(error, path) from error
        self._bulk, self._sink = bulk, sink
        self.device_id = parse_device_id(device_id)
        reads = bulk.interface.in_address is not None
        hearing: Callable[[], None] = partial(self._read, bulk) if reads else partial(self._look, path)
        for work in (hearing, partial(self._write, bulk)):
            # Daemons: a process that ends does not wait for a printer.
            thread = threading.Thread(target=work, name=self._description, daemon=True)
            self._threads.append(thread)
            thread.start()

    async def write(self, data: bytes) -> None:
        async with self._writing:
            if self._bulk is None or self.is_lost:
                raise TransportError(f"{self._description}: not open; {len(data)} bytes were not sent")
            piece = _Piece(bytes(data), self._loop.create_future())
            self._pieces.put(piece)
            try:
                await piece.done
            except OSError as error:
                words = f"{reason_of(error)}, while writing {len(data)} bytes"
                raise TransportError(f"{self._description}: {words}") from error
            finally:
                piece.is_wanted = False

    def drop_input(self) -> None:
        """What was read and not delivered: nothing else waits on this side."""
        self._drops += 1

    async def port_status(self) -> PortStatus:
        async with self._asking:
            if self._bulk is None or self.is_lost:
                raise TransportError(f"{self._description}: not open; its port was not asked")
            asking = self._loop.run_in_executor(None, self._bulk.port_status)
            try:
                return PortStatus.of(await asyncio.shield(asking))
            except OSError as error:
                raise TransportError(f"{self._description}: no answer from its port: {reason_of(error)}") from error

    async def close(self) -> None:
        """Waits for its threads, not longer than for any port; what is left ends by itself."""
        self._sink = None
        bulk, self._bulk = self._bulk, None
        if bulk is not None:
            self._ending.set()
            self._taken.set()
            self._pieces.put(None)
            self._closing = self._loop.run_in_executor(None, self._end, bulk)
            await asyncio.wait({self._closing}, timeout=CLOSE_S_MAX)

    async def closed(self) -> None:
        """After ``close``: until the kernel has the printer back."""
        if self._closing is not None:
            await asyncio.wait({self._closing})

    def _open(self, path: Path) -> tuple[UsbBulk, bytes]:
        bulk = self._acquire(path)
        return bulk, bulk.device_id()

    def _end(self, bulk: UsbBulk) -> None:
        for thread in self._threads:
            thread.join()
        bulk.close()

    def _read(self, bulk: UsbBulk) -> None:
        """In its thread."""
        stalls = 0
        while not self._ending.is_set():
            drops = self._drops
            try:
                data = bulk.read(READ_SLICE_MS)
                stalls = 0
            except OSError as error:
                stalls += 1
                if error.errno != errno.EPIPE or stalls > STALLS_MAX or not _cleared(bulk, is_out=False):
                    self._tell(self._lose, error)
                    return
                continue
            if data:
                self._taken.clear()
                self._tell(self._deliver, data, drops)
                self._taken.wait()
            elif data is not None:
                self._ending.wait(REST_S)

    def _look(self, path: Path) -> None:
        """In place of ``_read``, for a printer without a way back."""
        while not self._ending.wait(PRESENCE_S):
            if not has_node(path):
                self._tell(self._lose, OSError(errno.ENODEV, "unplugged"))
                return

    def _write(self, bulk: UsbBulk) -> None:
        """In its thread."""
        while (piece := self._pieces.get()) is not None:
            error = self._write_piece(bulk, piece)
            self._tell(_finish, piece, error)
            if error is not None:
                self._tell(self._lose, error)

    def _write_piece(self, bulk: UsbBulk, piece: _Piece) -> OSError | None:
        """A stall in the middle ends the connection: how much of the transfer the printer took is not known, so it can
        be neither gone on with nor repeated."""
        sent = 0
        try:
            while sent < len(piece.data):
                if self._ending.is_set() or not piece.is_wanted:
                    return OSError(errno.ECANCELED, "given up") if self._ending.is_set() else None
                sent += bulk.write(piece.data[sent : sent + TRANSFER_BYTES_MAX], WRITE_SLICE_MS)
        except OSError as error:
            if error.errno == errno.EPIPE:
                _cleared(bulk, is_out=True)
            return error
        return None

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        """On the loop, if it is still there."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what, *arguments)

    def _deliver(self, data: bytes, drops: int) -> None:
        self._taken.set()
        if self._sink is not None and drops == self._drops:
            self._sink.data_received(data)

    def _lose(self, error: OSError) -> None:
        self.is_lost = True
        self._ending.set()
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.connection_lost(OSError(error.errno, reason_of(error)))

    def _explain(self, error: Exception, path: Path) -> TransportError:
        if not isinstance(error, OSError):
            return TransportError(f"{self._description}: {error}")
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return TransportError(f"{self._description}: no such node; check that the printer is plugged in and on")
            case errno.EBUSY:
                return TransportError(
                    f"{self._description}: busy: claimed by another process; end it (fuser -v {path})", is_busy=True
                )
            case errno.EACCES | errno.EPERM:
                return TransportError(
                    f"{self._description}: permission denied; the user of this process must be in the group "
                    f"{owning_group(path, 'lp')!r} (usermod -aG, then start again), which udev's own rules give "
                    "to USB printers"
                )
        return TransportError(f"{self._description}: cannot be opened: {error.strerror or error}")


def _cleared(bulk: UsbBulk, *, is_out: bool) -> bool:
    try:
        bulk.clear_halt(is_out=is_out)
    except OSError:
        return False
    return True


def _finish(piece: _Piece, error: OSError | None) -> None:
    if piece.done.done():
        return
    if error is None:
        piece.done.set_result(None)
    else:
        piece.done.set_exception(error)


def _release_late(loop: asyncio.AbstractEventLoop, opening: asyncio.Future[tuple[UsbBulk, bytes]]) -> None:
    """The open that nobody waits for any more has ended: give back what it got."""
    if not opening.cancelled() and opening.exception() is None:
        loop.run_in_executor(None, opening.result()[0].close)
