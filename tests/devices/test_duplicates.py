"""Two devices cannot be at one place, however it is written; one device with several nodes has several places."""

from __future__ import annotations

from typing import Any

import pytest

from edge_gateway.devices.duplicates import find_duplicates

SELECTOR = "usb:05f9:2206:S1"


def serial(device: str) -> dict[str, Any]:
    return {"kind": "serial", "device": device}


def hidraw(usage: str | None, device: str = SELECTOR) -> dict[str, Any]:
    return {"kind": "hidraw", "device": device} | ({} if usage is None else {"usage": usage})


def rfcomm(address: str, **more: int) -> dict[str, Any]:
    return {"kind": "rfcomm", "address": address, **more}


def gpio(**lines: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "gpio", "lines": lines}


def ble(**at: str) -> dict[str, Any]:
    return {"kind": "ble", "service": "fff0", **at}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (hidraw("8c:02"), hidraw("8d:20")),
        ({"kind": "evdev", "device": SELECTOR}, serial(SELECTOR)),
        (serial("usb:0403:6011:Q#0"), serial("usb:0403:6011:Q#1")),
        (serial("usb:0403:6011:q"), serial("usb:0403:6011:Q")),
        (ble(address="AA:BB:CC:DD:EE:01"), ble(address="AA:BB:CC:DD:EE:02")),
        (rfcomm("AA:BB:CC:DD:EE:01"), rfcomm("AA:BB:CC:DD:EE:01", channel=2)),
        (gpio(out={"line": "GPIO17"}), gpio(out={"line": "GPIO18"})),
    ],
)
def test_duplicates_are_none_where_each_has_its_own_place(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert find_duplicates({0: {"id": "a", "transport": first}, 1: {"id": "b", "transport": second}}) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (hidraw("8c:02"), hidraw("8c:02")),
        (hidraw("8c:02"), hidraw(None)),
        (hidraw(None), hidraw("8d:20")),
        (serial("usb:05F9:2206:S1"), serial("usb:05f9:2206:S1")),
        (serial(SELECTOR), serial(f"{SELECTOR}#0")),
        (serial("usb-port:1-1:05F9:2206"), serial("usb-port:1-1:05f9:2206")),
        (hidraw(None, "bt:aa:bb:cc:dd:ee:ff"), hidraw(None, "bt:AA:BB:CC:DD:EE:FF")),
        (ble(address="AA:BB:CC:DD:EE:01"), ble(address="aa-bb-cc-dd-ee-01")),
        (ble(name="RS5100 S1"), ble(name="RS5100 S1")),
        (rfcomm("AA:BB:CC:DD:EE:01"), rfcomm("aa-bb-cc-dd-ee-01", channel=1)),
        ({"kind": "tcp", "host": "Scale.local.", "port": 1}, {"kind": "tcp", "host": "scale.local", "port": 1}),
    ],
)
def test_duplicates_are_found_however_a_place_is_written(first: dict[str, Any], second: dict[str, Any]) -> None:
    [problem] = find_duplicates({0: {"id": "a", "transport": first}, 1: {"id": "b", "transport": second}})
    assert (problem.key, problem.expected) == (
        "device[1].transport",
        "a place of its own; device[0] has it already",
    )


@pytest.mark.parametrize("wire", [{"line": "GPIO17"}, {"chip": "/dev/gpiochip0", "offset": 17}])
def test_duplicates_are_found_among_wires(wire: dict[str, Any]) -> None:
    lines = {0: {"id": "a", "transport": gpio(out=wire)}, 1: {"id": "b", "transport": gpio(lamp={}, drawer=wire)}}
    [problem] = find_duplicates(lines)
    assert (problem.key, problem.expected) == (
        "device[1].transport.lines.drawer",
        "a line of its own; device[0] has it already",
    )
