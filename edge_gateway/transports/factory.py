"""From a ``transport`` section to the transport."""

from __future__ import annotations

from typing import assert_never

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


def make_transport(settings: TransportSettings) -> Transport:
    """Nothing is opened yet."""
    match settings:
        case SerialTransportSettings():
            return SerialTransport(settings)
        case TcpTransportSettings():
            return TcpTransport(settings)
        case EvdevTransportSettings():
            return EvdevTransport(settings)
        case HidrawTransportSettings():
            return HidrawTransport(settings)
    assert_never(settings)
