"""Wires of the box's own connector, on the event loop: pulses, levels, edges."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.gpio import PULSE_MS_MAX, Edge
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import GpioLineSettings, GpioTransportSettings
from edge_gateway.transports.gpio_lines import DEV, Hold, Wire, hold_wires, release_wires
from edge_gateway.transports.stream import owning_group

if TYPE_CHECKING:
    from gpiod import LineRequest

EDGES_PER_TURN = 64
"""Of a contact that bounces more than its debounce time; the rest waits in the kernel for the next turn."""

Result = TypeVar("Result")


class GpioTransport:
    """Some lines. Implements ``contracts.gpio.GpioPort``. ``hold``: as ``gpiod.request_lines``, in place of it."""

    def __init__(self, settings: GpioTransportSettings, dev: Path = DEV, hold: Hold | None = None) -> None:
        self.description = f"gpio {', '.join(_place_of(each) for each in settings.lines.values())}"
        self._settings = settings
        self._dev = dev
        self._hold = hold
        self._wires: Mapping[str, Wire] = {}
        self._requests: dict[LineRequest, int] = {}
        self._sink: ByteSink | None = None
        self._on_edge: Callable[[Edge], None] | None = None
        self._is_opening = False
        self._working: set[asyncio.Future[Any]] = set()
        self._pulsing: set[str] = set()

    def is_there(self) -> bool:
        return any(self._dev.glob("gpiochip*"))

    async def open(self, sink: ByteSink) -> None:
        if self._wires or self._is_opening:
            raise TransportError(f"{self.description}: already open", is_busy=True)
        self._is_opening = True
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(None, hold_wires, self._settings.lines, self._dev, self._hold)
        try:
            self._wires = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_release_late)
            raise
        except (OSError, ImportError) as error:
            raise self._explain(error) from error
        finally:
            self._is_opening = False
        self._sink = sink
        self._requests = {wire.request: wire.request.fd for wire in self._wires.values()}
        for request, fd in self._requests.items():
            loop.add_reader(fd, self._read, request)

    async def write(self, data: bytes) -> None:
        raise TransportError(f"{self.description}: carries no bytes; {len(data)} were not sent")

    def drop_input(self) -> None:
        """Nothing waits that is older than now: what was told last is what is."""

    async def pulse(self, line: str, ms: int) -> None:
        if not 0 < ms <= PULSE_MS_MAX:
            raise TransportError(f"{self.description}: a pulse of {ms} ms; expected 1 to {PULSE_MS_MAX}")
        wire = self._wire(line, "output")
        if line in self._pulsing:
            raise TransportError(f"{self.description}: {line} is in a pulse already", is_busy=True)
        self._pulsing.add(line)
        await self._do(line, lambda: wire.pulse(ms), lambda _: self._pulsing.discard(line))

    async def set(self, line: str, is_active: bool) -> None:
        wire = self._wire(line, "output")
        await self._do(line, lambda: wire.set(is_active))

    async def read(self, line: str) -> bool:
        return await self._do(line, self._wire(line).get)

    def listen(self, on_edge: Callable[[Edge], None]) -> None:
        self._on_edge = on_edge

    async def close(self) -> None:
        """Outputs are made inactive, and given back: after a pulse that is under way."""
        wires, self._wires = self._wires, {}
        self._sink = self._on_edge = None
        self._stop_reading()
        if self._working:
            await asyncio.wait(self._working)
        if wires:
            # Shielded: cancelled while it waits for a thread, it would never run.
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, release_wires, wires))

    def _wire(self, line: str, direction: str | None = None) -> Wire:
        if not self._wires:
            raise TransportError(f"{self.description}: not open; {line} was not used")
        wire = self._wires.get(line)
        if wire is None:
            names = ", ".join(self._wires)
            raise TransportError(f"{self.description}: has no line {line!r}; transport.lines has: {names}")
        if direction not in (None, wire.settings.direction):
            raise TransportError(f"{self.description}: {line} is an {wire.settings.direction}; expected an {direction}")
        return wire

    async def _do(
        self, line: str, work: Callable[[], Result], when_done: Callable[[object], None] = lambda _: None
    ) -> Result:
        """In a thread: a chip behind I2C makes its caller wait."""
        working = asyncio.get_running_loop().run_in_executor(None, work)
        self._working.add(working)
        working.add_done_callback(self._working.discard)
        working.add_done_callback(when_done)
        try:
            return await asyncio.shield(working)
        except OSError as error:
            raise TransportError(f"{self.description}: {line}: {error.strerror or error}") from error

    def _read(self, request: LineRequest) -> None:
        try:
            events = request.read_edge_events(EDGES_PER_TURN)
        except OSError as error:
            self._lose(error)
            return
        names = {(wire.request, wire.offset): name for name, wire in self._wires.items()}
        for event in events:
            name = names.get((request, event.line_offset))
            if name is not None and self._on_edge is not None:
                is_rising = event.event_type is event.Type.RISING_EDGE
                self._on_edge(Edge(name, is_rising))

    def _lose(self, error: OSError) -> None:
        self._stop_reading()
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.connection_lost(error)

    def _stop_reading(self) -> None:
        requests, self._requests = self._requests, {}
        for fd in requests.values():
            asyncio.get_running_loop().remove_reader(fd)

    def _explain(self, error: Exception) -> TransportError:
        match getattr(error, "errno", None):
            case errno.EBUSY:
                words = "busy: held by another process, or by a driver of the kernel; gpioinfo shows which"
                return TransportError(f"{self.description}: {words}", is_busy=True)
            case errno.EACCES | errno.EPERM:
                chip = next(self._dev.glob("gpiochip*"), self._dev)
                return TransportError(
                    f"{self.description}: permission denied; the user of this process must be in the group "
                    f"{owning_group(chip, 'gpio')!r} (usermod -aG, then start again)"
                )
            case errno.EINVAL | errno.ENXIO | errno.ENOTSUP:
                words = "the chip refused offset, bias, drive or debounce; correct transport.lines"
                return TransportError(f"{self.description}: {words}")
        return TransportError(f"{self.description}: {getattr(error, 'strerror', None) or error}")


def _place_of(line: GpioLineSettings) -> str:
    return line.line or f"{line.chip}:{line.offset}"


def _release_late(opening: asyncio.Future[Mapping[str, Wire]]) -> None:
    """The open that nobody waits for any more has ended: give back what it got."""
    if not opening.cancelled() and opening.exception() is None:
        release_wires(opening.result())
