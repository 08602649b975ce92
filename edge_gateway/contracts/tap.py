"""Listening to what passes over a transport: for recordings, and for the ring of raw bytes that support reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from edge_gateway.contracts.cash_drawer import DrawerState, Level
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.gpio import Edge, GpioPort
from edge_gateway.contracts.printer_port import PrinterPort
from edge_gateway.contracts.transport import (
    ByteSink,
    ModemLines,
    ModemTransport,
    ReportTransport,
    Transport,
    misses_before_gone,
)
from edge_gateway.contracts.usb_printer import PortStatus, UsbPrinterTransport

RawDirection = Literal["<", ">", "<<", ">>"]
"""From the device, to the device; doubled: feature reports of a HID device."""

Tell = Callable[[RawDirection, bytes], None]
"""Called on the event loop, before the bytes go on: an answer can arrive while a slow write is still under way."""


def tapped(transport: Transport, tell: Tell) -> Tapped:
    """The transport, and whatever else it can do, with every chunk told as it passes, until ``end``."""
    if isinstance(transport, ReportTransport):
        return _TappedReports(transport, tell)
    if isinstance(transport, ModemTransport):
        return _TappedModem(transport, tell)
    if isinstance(transport, UsbPrinterTransport):
        return _TappedUsbPrinter(transport, tell)
    if isinstance(transport, GpioPort):
        return _TappedGpio(transport, tell)
    if isinstance(transport, PrinterPort):
        return _TappedPrinter(transport, tell)
    return Tapped(transport, tell)


class _TappedSink:
    def __init__(self, sink: ByteSink, tell: Tell) -> None:
        self._sink = sink
        self._tell = tell

    def data_received(self, data: bytes) -> None:
        self._tell("<", data)
        self._sink.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._sink.connection_lost(error)


class Tapped:
    """Implements ``contracts.transport.Transport``, for one who uses it and may live longer than that is good."""

    def __init__(self, inner: Transport, tell: Tell) -> None:
        self._inner = inner
        self._tell = tell
        self._is_ended = False
        self.misses_before_gone = misses_before_gone(inner)

    @property
    def description(self) -> str:
        return self._inner.description

    def is_there(self) -> bool:
        return self._inner.is_there()

    def end(self) -> None:
        """The connection is over: from now on it touches the transport no more, which may be another's already."""
        self._is_ended = True

    async def open(self, sink: ByteSink) -> None:
        self._require_own()
        await self._inner.open(_TappedSink(sink, self._tell))

    async def write(self, data: bytes) -> None:
        self._require_own()
        self._tell(">", data)
        await self._inner.write(data)

    def drop_input(self) -> None:
        if not self._is_ended:
            self._inner.drop_input()

    async def close(self) -> None:
        if not self._is_ended:
            await self._inner.close()

    def _require_own(self) -> None:
        if self._is_ended:
            raise TransportError(f"{self.description}: this connection is over; nothing was sent")


class _TappedReports(Tapped):
    def __init__(self, inner: ReportTransport, tell: Tell) -> None:
        super().__init__(inner, tell)
        self._reports = inner

    @property
    def report_descriptor(self) -> bytes:
        return self._reports.report_descriptor

    async def send_feature(self, report: bytes) -> None:
        self._require_own()
        self._tell(">>", report)
        await self._reports.send_feature(report)

    async def get_feature(self, report_id: int, length: int) -> bytes:
        self._require_own()
        report = await self._reports.get_feature(report_id, length)
        self._tell("<<", report)
        return report


class _TappedUsbPrinter(Tapped):
    def __init__(self, inner: UsbPrinterTransport, tell: Tell) -> None:
        super().__init__(inner, tell)
        self._printer = inner

    @property
    def device_id(self) -> Mapping[str, str]:
        return self._printer.device_id

    async def port_status(self) -> PortStatus:
        self._require_own()
        return await self._printer.port_status()


class _TappedModem(Tapped):
    def __init__(self, inner: ModemTransport, tell: Tell) -> None:
        super().__init__(inner, tell)
        self._modem = inner

    def modem_lines(self) -> ModemLines:
        self._require_own()
        return self._modem.modem_lines()

    def set_modem_lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        self._require_own()
        self._modem.set_modem_lines(dtr=dtr, rts=rts)

    async def send_break(self, duration_s: float) -> None:
        self._require_own()
        await self._modem.send_break(duration_s)


class _TappedGpio(Tapped):
    """Wires carry no bytes: there is nothing to be told."""

    def __init__(self, inner: GpioPort, tell: Tell) -> None:
        super().__init__(inner, tell)
        self._gpio = inner

    async def pulse(self, line: str, ms: int) -> None:
        self._require_own()
        await self._gpio.pulse(line, ms)

    async def set(self, line: str, is_active: bool) -> None:
        self._require_own()
        await self._gpio.set(line, is_active)

    async def read(self, line: str) -> bool:
        self._require_own()
        return await self._gpio.read(line)

    def listen(self, on_edge: Callable[[Edge], None]) -> None:
        self._require_own()
        self._gpio.listen(on_edge)


class _TappedPrinter(Tapped):
    def __init__(self, inner: PrinterPort, tell: Tell) -> None:
        super().__init__(inner, tell)
        self._printer = inner

    @property
    def drawer_level(self) -> Level | None:
        return self._printer.drawer_level

    @property
    def drawer_state(self) -> DrawerState:
        return self._printer.drawer_state

    async def open_drawer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        self._require_own()
        return await self._printer.open_drawer(command)

    @property
    def drawer_pin(self) -> int | None:
        return self._printer.drawer_pin

    def listen(self, on_level: Callable[[], None], on_pulse: Callable[[Mapping[str, Any]], None]) -> None:
        self._require_own()
        self._printer.listen(on_level, on_pulse)
