"""From a ``transport`` section to the transport; and what those of one gateway share: the ports of single cables."""

from __future__ import annotations

from typing import assert_never

from edge_gateway.contracts.attachment import Locator, NetworkLocator
from edge_gateway.contracts.transport import Transport
from edge_gateway.settings_transports import (
    BleTransportSettings,
    EvdevTransportSettings,
    GpioTransportSettings,
    HidrawTransportSettings,
    PrinterTransportSettings,
    RfcommTransportSettings,
    SerialTransportSettings,
    TcpTransportSettings,
    TransportSettings,
    UsbPrinterTransportSettings,
)
from edge_gateway.transports.away_from_printer import AwayFromPrinter
from edge_gateway.transports.ble import BleTransport
from edge_gateway.transports.evdev import EvdevTransport
from edge_gateway.transports.gpio import GpioTransport
from edge_gateway.transports.hidraw import HidrawTransport
from edge_gateway.transports.rfcomm import RfcommTransport
from edge_gateway.transports.serial import SerialTransport
from edge_gateway.transports.shared import SharedPort, SharedTransport
from edge_gateway.transports.tcp import TcpTransport
from edge_gateway.transports.usb_printer import UsbPrinterTransport


class TransportFactory:
    """Of one gateway. Making a transport opens nothing."""

    def __init__(self) -> None:
        self._ports: dict[TransportSettings, SharedPort] = {}

    def __call__(self, settings: TransportSettings, locator: Locator | None = None) -> Transport:
        """``locator``: finds what is configured by ``device``."""
        if isinstance(settings, SerialTransportSettings | TcpTransportSettings) and settings.shared:
            if settings not in self._ports:
                self._ports[settings] = SharedPort(self._make(settings, locator))
            return SharedTransport(self._ports[settings])
        return self._make(settings, locator)

    def _make(self, settings: TransportSettings, locator: Locator | None) -> Transport:
        match settings:
            case SerialTransportSettings():
                return SerialTransport(settings, locator)
            case TcpTransportSettings():
                if isinstance(locator, NetworkLocator):
                    return TcpTransport(settings, locator.announced_addresses)
                return TcpTransport(settings)
            case EvdevTransportSettings():
                return EvdevTransport(settings, locator)
            case HidrawTransportSettings():
                return HidrawTransport(settings, locator)
            case UsbPrinterTransportSettings():
                return UsbPrinterTransport(settings, locator)
            case BleTransportSettings():
                return BleTransport(settings)
            case RfcommTransportSettings():
                return RfcommTransport(settings)
            case GpioTransportSettings():
                return GpioTransport(settings)
            case PrinterTransportSettings():
                return AwayFromPrinter(settings)
        assert_never(settings)


def make_transport(settings: TransportSettings, locator: Locator | None = None) -> Transport:
    """One transport by itself, for a tool that opens no other."""
    return TransportFactory()(settings, locator)
