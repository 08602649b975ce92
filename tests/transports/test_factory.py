"""Each kind of transport settings makes its transport."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from edge_gateway.settings_transports import TransportSettings
from edge_gateway.transports.factory import make_transport


@pytest.mark.parametrize(
    ("settings", "description"),
    [
        ({"kind": "serial", "path": "/dev/ttyX", "bytesize": 7, "parity": "E"}, "serial /dev/ttyX 9600 7E1"),
        ({"kind": "tcp", "host": "printer.shop"}, "tcp printer.shop:9100"),
        ({"kind": "evdev", "path": "/dev/input/event7"}, "evdev /dev/input/event7"),
        ({"kind": "hidraw", "path": "/dev/hidraw3"}, "hidraw /dev/hidraw3"),
        ({"kind": "usb_printer", "path": "/dev/usb/lp0"}, "usb_printer /dev/usb/lp0"),
        (
            {"kind": "usb_printer", "device": "usb:04b8:0202:J5", "through": "libusb"},
            "usb_printer usb:04b8:0202:J5 through libusb",
        ),
        ({"kind": "rfcomm", "address": "00-11-62-aa-bb-cc"}, "rfcomm 00:11:62:AA:BB:CC channel 1"),
        (
            {
                "kind": "gpio",
                "lines": {
                    "drawer": {"line": "GPIO17", "direction": "output"},
                    "contact": {"chip": "/dev/gpiochip0", "offset": 27, "direction": "input"},
                },
            },
            "gpio GPIO17, /dev/gpiochip0:27",
        ),
        (
            {"kind": "ble", "address": "f0-f1-f2-f3-f4-f5", "service": "181D", "notify": ["2A9D"]},
            "ble F0:F1:F2:F3:F4:F5",
        ),
    ],
)
def test_factory_makes_the_transport_of_its_kind(settings: dict[str, Any], description: str) -> None:
    adapter: TypeAdapter[TransportSettings] = TypeAdapter(TransportSettings)
    assert make_transport(adapter.validate_python(settings)).description == description
