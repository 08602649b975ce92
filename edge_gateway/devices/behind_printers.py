"""What hangs on printers: drawers on their connectors, displays on their cables. Each is a device of its own.

Its transport is a part of the printer's conversation: open while the printer answers, lost when it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from edge_gateway.contracts.cash_drawer import DISPLAY_BEHIND, DRAWER_PULSED, DrawerState, Level
from edge_gateway.contracts.errors import ErrorCode, RequestError, TransportError
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.states import PowerState
from edge_gateway.contracts.transport import ByteSink, Transport
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings_transports import PrinterTransportSettings

OPEN_DRAWER_S: Final = 9.0
"""A printer that prints makes a drawer wait 4 s and is asked for its status before: below the deadline of a request, so
that the printer's own answer comes first."""
DISPLAY_S: Final = 2.0
"""For a screen; the printer asks its own questions in between."""


class BehindPrinters:
    """Told by the gateway of every change and event of its devices."""

    def __init__(self, find: Callable[[str], Supervisor | None]) -> None:
        self._find = find
        self._open: set[PrinterTransport] = set()
        self._drawers: dict[str, set[int | None]] = {}
        """By printer, the pins of its drawers that are devices of their own; None: as the printer is set."""

    def make(self, settings: PrinterTransportSettings) -> Transport:
        if settings.carries == "drawer":
            self._drawers.setdefault(settings.printer, set()).add(settings.pin)
        return PrinterTransport(settings, self._find, self._open)

    def has_drawer(self, printer: str, pin: int | None = None) -> bool:
        """A device of its own tells of the drawer of this printer; of the one on ``pin``."""
        pins = self._drawers.get(printer, set())
        return bool(pins) if pin is None else pin in {_pin_of(each, self._find(printer)) for each in pins}

    def changed(self, device: Supervisor) -> None:
        for transport in tuple(self._open):
            if transport.printer == device.device_id:
                transport.printer_changed(device)

    def said(self, stamped: StampedEvent) -> None:
        if stamped.event.name == DRAWER_PULSED:
            for transport in tuple(self._open):
                if transport.printer == stamped.device_id:
                    transport.drawer_pulsed(stamped.event.data.get("command") or {})


class PrinterTransport:
    """Implements ``contracts.printer_port.PrinterPort``. ``registered``: those that are open."""

    misses_before_gone = 4
    """At a start its printer is not there yet, and a printer that reconnects is back within a second."""

    def __init__(
        self,
        settings: PrinterTransportSettings,
        find: Callable[[str], Supervisor | None],
        registered: set[PrinterTransport],
    ) -> None:
        self.printer = settings.printer
        pin = f" (pin {settings.pin})" if settings.pin is not None else ""
        self.description = f"{settings.carries} of printer {settings.printer}{pin}"
        self._pin = settings.pin
        self._find = find
        self._registered = registered
        self._sink: ByteSink | None = None
        self._on_level: Callable[[], None] | None = None
        self._on_pulse: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def drawer_level(self) -> Level | None:
        return cast("Level | None", self._details().get("drawer_level"))

    @property
    def drawer_pin(self) -> int | None:
        return _pin_of(self._pin, self._find(self.printer))

    @property
    def drawer_state(self) -> DrawerState:
        return cast(DrawerState, self._details().get("drawer", "unknown"))

    def is_there(self) -> bool:
        printer = self._find(self.printer)
        return printer is not None and printer.state.power == PowerState.ONLINE

    async def open(self, sink: ByteSink) -> None:
        if self._sink is not None:
            raise TransportError(f"{self.description}: already open", is_busy=True)
        self._require_printer()
        self._sink = sink
        self._registered.add(self)

    async def write(self, data: bytes) -> None:
        printer = self._require_printer()
        try:
            await printer.ask(DISPLAY_BEHIND, {"data": data}, has_effect=False, deadline_s=DISPLAY_S)
        except RequestError as error:
            # The line is the printer's, and free again soon: that is no loss.
            is_busy = error.code in (ErrorCode.BUSY, ErrorCode.TIMEOUT)
            raise TransportError(f"{self.description}: {error}", is_busy=is_busy) from error

    async def open_drawer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        params = dict(command) if self._pin is None else {**command, "pin": self._pin}
        return await self._require_printer().execute("open_drawer", params, deadline_s=OPEN_DRAWER_S)

    def listen(self, on_level: Callable[[], None], on_pulse: Callable[[Mapping[str, Any]], None]) -> None:
        self._on_level, self._on_pulse = on_level, on_pulse

    def drop_input(self) -> None:
        """The printer's answers are not its own."""

    async def close(self) -> None:
        self._registered.discard(self)
        self._sink = self._on_level = self._on_pulse = None

    def printer_changed(self, printer: Supervisor) -> None:
        state = printer.state
        if state.power != PowerState.ONLINE:
            self._registered.discard(self)
            sink, self._sink = self._sink, None
            if sink is not None:
                sink.connection_lost(TransportError(f"the printer is {state.power}: {state.reason}"))
        elif self._on_level is not None:
            self._on_level()

    def drawer_pulsed(self, command: Mapping[str, Any]) -> None:
        if self._on_pulse is not None:
            self._on_pulse(command)

    def _details(self) -> Mapping[str, Any]:
        printer = self._find(self.printer)
        return {} if printer is None else printer.state.details

    def _require_printer(self) -> Supervisor:
        printer = self._find(self.printer)
        if printer is None:
            raise TransportError(f"{self.description}: there is no such printer; correct transport.printer")
        if printer.state.power != PowerState.ONLINE:
            reason = printer.state.reason or "it has not answered yet"
            raise TransportError(f"{self.description}: the printer is {printer.state.power}: {reason}")
        return printer


def _pin_of(own: int | None, printer: Supervisor | None) -> int | None:
    """What was said of the drawer, else of the printer."""
    configured = None if printer is None else getattr(printer.driver_settings, "drawer_pin", None)
    return own if own is not None else configured
