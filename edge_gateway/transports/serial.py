"""Serial ports (UART, USB serial, CDC ACM, ptys) on serialx, held exclusively."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import sys
import termios
from contextlib import suppress
from functools import partial
from pathlib import Path

from serialx import Parity, PinState, SerialException, StopBits, create_serial_connection

from edge_gateway.contracts.attachment import Locator, NodeKind
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink, ModemLines
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.nodes import NodePlace
from edge_gateway.transports.parity import SoftwareParity
from edge_gateway.transports.stream import Connection, StreamTransport, owning_group

PTY_MAJORS = range(136, 144)
"""Unix98 pty slaves (Documentation/admin-guide/devices.txt)."""

TIOCSBRK, TIOCCBRK = 0x5427, 0x5428
"""Linux, include/uapi/asm-generic/ioctls.h; Python's termios does not name them."""

# At debug level serialx writes every byte to its log; a card number on a wire must never get there.
logging.getLogger("serialx").setLevel(logging.WARNING)


class SerialTransport(StreamTransport):
    """One serial port. The lock (flock, then TIOCEXCL) is had before anything about the port is changed."""

    def __init__(self, settings: SerialTransportSettings, locator: Locator | None = None) -> None:
        self._place = NodePlace(settings, NodeKind.SERIAL, locator)
        frame = f"{settings.baud} {settings.bytesize}{settings.parity}{settings.stopbits}"
        flow = "" if settings.flow == "none" else f" {settings.flow}"
        super().__init__(f"serial {self._place} {frame}{flow}")
        self._settings = settings
        self._parity = SoftwareParity(settings.parity) if settings.software_parity else None

    def is_there(self) -> bool:
        return self._place.is_there()

    async def _connect(self, sink: ByteSink) -> Connection:
        settings = self._settings
        connection = Connection(sink if self._parity is None else self._parity.over(sink))
        path = self._place.require_one(self.description)
        try:
            # A pty carries whole bytes and has no wires: some C libraries refuse it parity, 7 bits or RTS/CTS.
            is_pty = os.major(path.stat().st_rdev) in PTY_MAJORS
            await create_serial_connection(
                asyncio.get_running_loop(),
                lambda: connection,
                # Not resolved before: by the time a thread opens it, the name behind a link may be another device's.
                str(path.absolute()),
                baudrate=settings.baud,
                byte_size=8 if is_pty or self._parity else settings.bytesize,
                parity=Parity.NONE if is_pty or self._parity else Parity(settings.parity),
                stopbits=StopBits.ONE if is_pty else StopBits(settings.stopbits),
                rtscts=settings.flow == "rtscts" and not is_pty,
                xonxoff=settings.flow == "xonxoff",
                dtr_on_open=PinState.convert(settings.dtr),
                rts_on_open=PinState.convert(settings.rts),
                exclusive=True,
            )
        except (OSError, SerialException) as error:
            raise self._explain(error, path) from error
        connection.fileno = partial(_fileno, connection)
        if not is_pty:
            # flock stops other gateways; TIOCEXCL also programs that know no lock. It ends with the last close.
            with suppress(OSError, ValueError):
                fcntl.ioctl(connection.fileno(), termios.TIOCEXCL)
        try:
            self._place.check_unchanged((path,), self.description)
        except TransportError:
            connection.detach()
            if connection.transport is not None:
                connection.transport.abort()
            raise
        return connection

    async def write(self, data: bytes) -> None:
        await super().write(data if self._parity is None else self._parity.add(data))

    def modem_lines(self) -> ModemLines:
        lines = self._ioctl("reading the modem lines", termios.TIOCMGET, 0)
        signals = (termios.TIOCM_CTS, termios.TIOCM_DSR, termios.TIOCM_CAR, termios.TIOCM_RNG)
        return ModemLines(*(bool(lines & signal) for signal in signals))

    def set_modem_lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        wanted = ((termios.TIOCM_DTR, dtr), (termios.TIOCM_RTS, rts))
        for request, state in ((termios.TIOCMBIS, True), (termios.TIOCMBIC, False)):
            if lines := sum(line for line, asked in wanted if asked is state):
                self._ioctl("setting the modem lines", request, lines)

    async def send_break(self, duration_s: float) -> None:
        self._ioctl("starting a break", TIOCSBRK, 0)
        try:
            await asyncio.sleep(duration_s)
        finally:
            with suppress(TransportError):  # lost meanwhile, and with it the break
                self._ioctl("ending a break", TIOCCBRK, 0)

    def _ioctl(self, doing: str, request: int, value: int) -> int:
        if self._connection is None or self._connection.is_lost:
            raise TransportError(f"{self.description}: {doing}: not open")
        buffer = bytearray(value.to_bytes(4, sys.byteorder))
        try:
            fcntl.ioctl(self._connection.fileno(), request, buffer)
        except (OSError, ValueError) as error:
            has_none = getattr(error, "errno", None) in (errno.ENOTTY, errno.EINVAL)
            reason = "this port has no such wires" if has_none else str(error)
            raise TransportError(f"{self.description}: {doing}: {reason}") from error
        return int.from_bytes(buffer, sys.byteorder)

    def _explain(self, error: Exception, path: Path) -> TransportError:
        match getattr(error, "errno", None):
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return TransportError(f"{self.description}: no such node; check that the device is plugged in and on")
            case errno.EBUSY:
                return TransportError(
                    f"{self.description}: busy: held by another process; end it (fuser -v {path}) or use another port",
                    is_busy=True,
                )
            case errno.EACCES | errno.EPERM:
                return TransportError(
                    f"{self.description}: permission denied; the user of this process must be in the group "
                    f"{owning_group(path, 'dialout')!r} (usermod -aG, then start again)"
                )
            case errno.ENOTTY | errno.EISDIR:
                return TransportError(f"{self.description}: is no serial port; correct transport.path")
        return TransportError(f"{self.description}: cannot be opened: {error}")

    def _drop_kernel_input(self, connection: Connection) -> None:
        assert connection.transport is not None
        # A read that the loop has already decided on would find nothing, which serialx takes for a hang-up.
        connection.transport.pause_reading()
        with suppress(termios.error, ValueError):  # lost meanwhile
            termios.tcflush(connection.fileno(), termios.TCIFLUSH)
        connection.transport.resume_reading()

    def _drop_kernel_output(self, connection: Connection) -> None:
        with suppress(termios.error, ValueError):  # lost meanwhile
            termios.tcflush(connection.fileno(), termios.TCOFLUSH)


def _fileno(connection: Connection) -> int:
    """The port's descriptor, -1 once serialx has given it up.

    Not ``transport.serial.fileno()``: that keeps answering with the number after the descriptor was closed.
    """
    fileno: int | None = getattr(connection.transport, "_fileno", None)
    return -1 if fileno is None else fileno
