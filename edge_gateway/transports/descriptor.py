"""A descriptor on the event loop, for nodes and sockets that asyncio has no transport for: bytes come as they are read,
and go as there is room. Nothing here waits but for the loop."""

from __future__ import annotations

import asyncio
import errno
import os
import select
from contextlib import suppress

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink

READ_BYTES_MAX = 1024
"""In one turn of the loop; others have their turn before the next. usblp's own buffer has this size."""

DROP_READS_MAX = 64
"""Old input that is read away at once; a far end that sends faster is not waited for."""

REST_S = 0.05
"""After a read that brought nothing although there was something to read, and after one that failed: some printers
answer each poll of an empty pipe with an empty packet, which would keep the loop busy with nothing."""

READ_ERRORS_MAX = 5
"""Failed reads in a row, each after a rest; a single one is a bit that was lost on the cable."""


class Descriptor:
    """Owns an open, non-blocking descriptor from ``start`` until ``give_back``.

    ``ends_at_nothing``: reading nothing is the end, as with a socket; else it means nothing. ``write_bytes_max``: what
    is handed over at once; ``write`` returns when there is room again behind its last byte.
    """

    def __init__(self, fd: int, sink: ByteSink, *, write_bytes_max: int, ends_at_nothing: bool) -> None:
        self.fd = fd
        self.is_lost = False
        self._sink: ByteSink | None = sink
        self._write_bytes_max = write_bytes_max
        self._ends_at_nothing = ends_at_nothing
        self._loop = asyncio.get_running_loop()
        self._writing = asyncio.Lock()
        self._room: asyncio.Future[None] | None = None
        self._is_reading = self._is_waiting_for_room = False
        self._is_watched = False
        self._resting: asyncio.TimerHandle | None = None
        self._errors = 0

    def start(self) -> None:
        """Begin to deliver."""
        self.watch(is_watched=True)

    def watch(self, *, is_watched: bool) -> None:
        """False: the loop does not look at it for a while, since looking could block."""
        if not self.is_lost:
            self._is_watched = is_watched
            self._look_for_what_is_wanted()

    async def write(self, data: bytes) -> None:
        """One at a time. Raises TransportError; who cancels it may have sent the beginning."""
        async with self._writing:
            rest = memoryview(data)
            while rest:
                await self._until_room(len(data))
                try:
                    rest = rest[os.write(self.fd, rest[: self._write_bytes_max]) :]
                except (BlockingIOError, InterruptedError):
                    await asyncio.sleep(REST_S)  # said to be ready and is not: usblp, where it knows of missing paper
                except OSError as error:
                    self.lose(error)
            await self._until_room(len(data))

    def drop_input(self) -> None:
        """Forget what waits to be read."""
        with suppress(OSError):  # nothing more, or lost: the loop hears of it by itself
            for _ in range(DROP_READS_MAX if self._is_watched else 0):
                if not os.read(self.fd, READ_BYTES_MAX):
                    return

    def give_back(self) -> int | None:
        """The descriptor, for closing, unless it was given back before. Nobody hears of it any more."""
        self._sink = None
        if self.fd < 0:
            return None
        self._stop()
        fd, self.fd = self.fd, -1
        return fd

    def lose(self, error: OSError | None) -> None:
        """It is of no use any more: told once. The descriptor is still to be given back."""
        if self.is_lost:
            return
        self._stop()
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.connection_lost(error)

    async def _until_room(self, length: int) -> None:
        if not self.is_lost:
            self._room = self._loop.create_future()
            try:
                self._look_for_what_is_wanted()
                await self._room
            finally:
                self._room = None
                self._look_for_what_is_wanted()
        if self.is_lost:
            raise TransportError(f"connection lost while writing {length} bytes")

    def _has_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _read(self) -> None:
        try:
            data = os.read(self.fd, READ_BYTES_MAX)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._take_error(error)
            return
        self._errors = 0
        if data:
            if self._sink is not None:
                self._sink.data_received(data)
        elif self._ends_at_nothing:
            self.lose(None)
        else:
            self._rest()

    def _take_error(self, error: OSError) -> None:
        """What a read says: the end, a node that gives nothing, or a failure that may pass."""
        self._errors += 1
        if error.errno == errno.EINVAL and not _has_hung_up(self.fd):
            self._rest()  # a printer with no way back; the loop still tells that it was pulled out
        elif error.errno == errno.EIO and self._errors < READ_ERRORS_MAX and not _has_hung_up(self.fd):
            self._rest()
        else:
            self.lose(error)

    def _rest(self) -> None:
        if self._resting is None:
            self._resting = self._loop.call_later(REST_S, self._has_rested)
            self._look_for_what_is_wanted()

    def _has_rested(self) -> None:
        self._resting = None
        self._look_for_what_is_wanted()

    def _look_for_what_is_wanted(self) -> None:
        wants = self._is_watched and not self.is_lost
        reads = wants and self._resting is None
        waits = wants and self._room is not None
        if reads != self._is_reading:
            self._is_reading = reads
            if reads:
                self._loop.add_reader(self.fd, self._read)
            else:
                self._loop.remove_reader(self.fd)
        if waits != self._is_waiting_for_room:
            self._is_waiting_for_room = waits
            if waits:
                self._loop.add_writer(self.fd, self._has_room)
            else:
                self._loop.remove_writer(self.fd)

    def _stop(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        self.is_lost = True
        self._look_for_what_is_wanted()
        self._has_room()


def _has_hung_up(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in poll.poll(0))
