"""From a ``transport`` section to the transport."""

from __future__ import annotations

from typing import assert_never

from edge_gateway.contracts.attachment import Locator
from edge_gateway.contracts.transport import Transport
from edge_gateway.settings_transports import (
    EvdevTransportSettings,
    HidrawTransportSettings,
    SerialTransportSettings,
    TcpTransportSettings,
    TransportSettings,
)
from edge_gateway.transports.evdev import EvdevTransport
from edge_gateway.transports.hidraw import HidrawTransport
from edge_gateway.transports.serial import SerialTransport
from edge_gateway.transports.tcp import TcpTransport


def make_transport(settings: TransportSettings, locator: Locator | None = None) -> Transport:
    """Nothing is opened yet. ``locator``: finds what is configured by ``device``."""
    match settings:
        case SerialTransportSettings():
            return SerialTransport(settings, locator)
        case TcpTransportSettings():
            return TcpTransport(settings)
        case EvdevTransportSettings():
            return EvdevTransport(settings, locator)
        case HidrawTransportSettings():
            return HidrawTransport(settings, locator)
    assert_never(settings)
