"""The wires of a simulated printer: TCP as a network printer has it, or a serial wire; they break on demand."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Protocol, cast

from simulators.printer_faults import Fault
from simulators.printer_machine import RECEIVE_BUFFER_BYTES, RECEIVE_RESUME_BYTES, PrinterMachine

XON, XOFF = b"\x11", b"\x13"


class Wire(Protocol):
    """What a serial link and a loopback's far end have in common."""

    on_bytes: Callable[[bytes], None] | None

    def write(self, data: bytes) -> None: ...


class WiredPrinter(PrinterMachine):
    """A machine with a wire: ``listen_tcp`` or ``attach``. ``is_xonxoff``: stops its host on a serial wire.

    A serial wire that can be paused (a pty) is, where the printer takes nothing more: as a printer with DTR does.
    """

    def __init__(self, *, is_xonxoff: bool = False, **machine: Any) -> None:
        super().__init__(**machine)
        self._is_xonxoff = is_xonxoff
        self._is_paused = False
        self._is_line_cut = False
        self._cut_line_after: int | None = None
        self._held_back = bytearray()
        self._hang_up: Callable[[], None] | None = None
        self._pause_wire: Callable[[bool], None] | None = None
        self._connection: asyncio.Transport | None = None
        self._server: asyncio.Server | None = None

    async def listen_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Be a network printer; returns the port.

        One connection at a time, a second one is closed at once; but while the first is stopped, since the buffer is
        full, nobody can tell whether its client is still there, and the second takes its place. Switched off it takes
        none.
        """
        await self.start()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _TcpSide(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def attach(self, wire: Wire, hang_up: Callable[[], None] | None = None) -> None:
        """Be a serial printer on a wire. ``hang_up``: how ``cut_line_at`` pulls the plug."""
        await self.start()
        wire.on_bytes = self.data_received
        self._write, self._hang_up = wire.write, hang_up
        self._pause_wire = getattr(wire, "pause", None)
        self._is_paused = self._is_line_cut = False
        self._flow()

    @property
    def is_connected(self) -> bool:
        """A TCP client is served."""
        return self._connection is not None

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._connection is not None:
            self._connection.abort()
        await super().stop()

    def cut_line_at(self, count: int) -> None:
        """Break the connection when so many more bytes of print data were received (0: before the next one).

        Status questions do not count. A serial wire stays dead until it is attached again.
        """
        self._cut_line_after = count

    def break_line(self, *, is_noticed: bool) -> None:
        """Now, before the next byte. ``is_noticed``: the host hears of it, else only bytes stop to come through.

        The next connection, or wire that is attached, is whole again.
        """
        self._cut_line_after = None
        self._is_line_cut = True
        self._write = None
        if is_noticed and self._hang_up is not None:
            self._hang_up()

    def connected(self, connection: asyncio.Transport) -> bool:
        """A TCP client is there. False: it is refused, another one is served."""
        if self._is_off:
            return False
        if self._connection is not None:
            if not self._is_paused:
                return False
            self._connection.abort()
            self._line_ended()
        self._connection = connection
        self._write, self._hang_up = connection.write, connection.abort
        self._line_begins()
        self._is_paused = self._is_line_cut = False
        self.counters["connections"] += 1
        self._flow()
        return True

    def disconnected(self, connection: asyncio.Transport) -> None:
        """A TCP client is gone; what it sent is still printed."""
        if connection is not self._connection:
            return  # another one has its place
        self._connection = self._write = self._hang_up = None
        self._held_back.clear()
        self._line_ended()

    def data_received(self, data: bytes) -> None:
        """Bytes from the host."""
        for index, byte in enumerate(data):
            if self._is_cut_now() or self._is_off:
                break
            if self._is_holding:
                self._held_back += data[index:]
                break
            before = self.counters["bytes_received"]
            self._take(byte)
            if self._cut_line_after is not None:
                self._cut_line_after -= self.counters["bytes_received"] - before
        # Also behind the last byte: all of a job is then received, and its confirmation lost.
        if not self._is_cut_now():
            self._flow()
        self._can_go_on.set()

    def set_fault(self, fault: Fault, is_on: bool = True) -> None:
        super().set_fault(fault, is_on)
        if not self._is_holding and self._held_back:
            held, self._held_back = bytes(self._held_back), bytearray()
            self.data_received(held)

    @abstractmethod
    def _take(self, byte: int) -> None:
        """One byte, real-time commands being taken out."""

    @abstractmethod
    def _line_begins(self) -> None:
        """A new connection: what was switched on for the last one is off."""

    @abstractmethod
    def _line_ended(self) -> None:
        """Forget a real-time command that was begun."""

    def _disconnect(self) -> None:
        super()._disconnect()
        if self._hang_up is not None:
            self._hang_up()

    def _switch(self, *, is_off: bool) -> None:
        if is_off and self._connection is not None:
            self._disconnect()
        super()._switch(is_off=is_off)

    def _is_cut_now(self) -> bool:
        if self._cut_line_after is not None and self._cut_line_after <= 0:
            self.break_line(is_noticed=True)
        return self._is_line_cut

    def _flow(self) -> None:
        """Take no more while the buffer is full, but the rest of a command.

        A real printer prints a picture as it comes, and its buffer is never full of the beginning of one.
        """
        super()._flow()
        limit = RECEIVE_RESUME_BYTES if self._is_paused else RECEIVE_BUFFER_BYTES
        wants_rest = self._wants_rest and self._can_print
        is_stopped = self._is_holding or (self.unprinted_bytes >= limit and not wants_rest)
        if is_stopped == self._is_paused or self._is_line_cut:
            return
        self._is_paused = is_stopped
        if self._connection is not None:
            (self._connection.pause_reading if is_stopped else self._connection.resume_reading)()
        elif self._is_xonxoff:
            self.send(XOFF if is_stopped else XON)
        elif self._pause_wire is not None:
            self._pause_wire(is_stopped)


class _TcpSide(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, printer: WiredPrinter) -> None:
        self._printer = printer
        self._connection: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        connection = cast(asyncio.Transport, transport)
        if self._printer.connected(connection):
            self._connection = connection
        else:
            connection.abort()

    def data_received(self, data: bytes) -> None:
        if self._connection is not None:
            self._printer.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._printer.disconnected(self._connection)
