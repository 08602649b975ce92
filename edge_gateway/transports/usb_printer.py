"""USB printers, one way behind which there are two: usblp, or libusb."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from edge_gateway.contracts.attachment import Locator, NodeKind
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.contracts.usb_printer import PortStatus
from edge_gateway.settings_transports import UsbPrinterTransportSettings
from edge_gateway.transports.libusb import LibusbPort
from edge_gateway.transports.nodes import NodePlace
from edge_gateway.transports.usblp import UsblpPort

USBFS_MAJOR = 189
"""Nodes below /dev/bus/usb (Documentation/admin-guide/devices.txt)."""

BINDING_S = 2.0
"""usblp takes a printer within a second of its being plugged in; libusb is not tried before, unless it is asked for."""

UsbPort = UsblpPort | LibusbPort


class UsbPrinterTransport:
    """One printer. Implements ``contracts.usb_printer.UsbPrinterTransport``. ``make_port``: by the way, in place of the
    real ones."""

    def __init__(
        self,
        settings: UsbPrinterTransportSettings,
        locator: Locator | None = None,
        make_port: Callable[[str, str], UsbPort] | None = None,
    ) -> None:
        self._settings = settings
        self._places = {
            "usblp": NodePlace(settings, NodeKind.USB_PRINTER, locator),
            "libusb": NodePlace(settings, NodeKind.USB_DEVICE, locator),
        }
        way = f" through {settings.through}" if settings.through else ""
        self.description = f"usb_printer {settings.path or settings.device}{way}"
        self._make_port = make_port or _make_port
        self._port: UsbPort | None = None
        self._leaving: LibusbPort | None = None
        self._is_opening = False
        self.device_id: Mapping[str, str] = {}

    def is_there(self) -> bool:
        return self._places[self._way()].is_there()

    async def open(self, sink: ByteSink) -> None:
        if self._is_opening or (self._port is not None and not self._port.is_lost):
            raise TransportError(f"{self.description}: already open", is_busy=True)
        self._is_opening = True
        try:
            await self.close()  # what is left of a connection that was lost
            if self._leaving is not None:
                await self._leaving.closed()
            way = self._way()
            place = self._places[way]
            path = place.require_one(self.description)
            port = self._make_port(way, self.description)
            try:
                await port.open(path, sink)
                if way == "usblp":  # what libusb opens is no path, but bus and address, which no other device has had
                    place.check_unchanged((path,), self.description)
            except BaseException:
                await asyncio.shield(port.close())
                raise
            self._port, self.device_id = port, port.device_id
        finally:
            self._is_opening = False

    async def write(self, data: bytes) -> None:
        await self._require(f"{len(data)} bytes were not sent").write(data)

    def drop_input(self) -> None:
        if self._port is not None:
            self._port.drop_input()

    async def port_status(self) -> PortStatus:
        return await self._require("its port was not asked").port_status()

    async def close(self) -> None:
        port, self._port = self._port, None
        if isinstance(port, LibusbPort):
            self._leaving = port
        if port is not None:
            await port.close()

    def _require(self, failure: str) -> UsbPort:
        if self._port is None or self._port.is_lost:
            raise TransportError(f"{self.description}: not open; {failure}")
        return self._port

    def _way(self) -> str:
        """As configured, else by what there is."""
        settings = self._settings
        if settings.through is not None:
            return settings.through
        if settings.path is not None:
            return "libusb" if _is_of_usbfs(settings.path) else "usblp"
        nodes = self._places["libusb"].find()
        has_none = bool(nodes) and not self._places["usblp"].find()
        return "libusb" if has_none and _is_settled(nodes[0]) else "usblp"


def _make_port(way: str, description: str) -> UsbPort:
    return UsblpPort(description) if way == "usblp" else LibusbPort(description)


def _is_of_usbfs(path: Path) -> bool:
    try:
        return os.major(path.stat().st_rdev) == USBFS_MAJOR
    except OSError:
        return False


def _is_settled(node: Path) -> bool:
    """It was not plugged in just now. By the clock of the box, whose jumps do no harm here."""
    try:
        return abs(time.time() - node.stat().st_ctime) > BINDING_S
    except OSError:
        return False
