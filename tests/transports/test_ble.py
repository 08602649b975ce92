"""Bluetooth: without an adapter, what is missing is named; settings take what BlueZ takes. A real BlueZ: tests/lab."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import BleTransportSettings
from edge_gateway.transports.ble import BleTransport
from edge_gateway.transports.ble_radio import listen, radio_of
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

UART = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
TX = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


def ble(**settings: object) -> BleTransportSettings:
    wanted = {"kind": "ble", "address": "F0:F1:F2:F3:F4:F5", "service": UART, "notify": [TX]} | settings
    return BleTransportSettings.model_validate({key: value for key, value in wanted.items() if value is not None})


def test_short_uuids_and_addresses_are_written_as_bluez_does() -> None:
    settings = ble(address="f0-f1-f2-f3-f4-f5", service="181d", notify=["0x2A9D"])
    assert settings.address == "F0:F1:F2:F3:F4:F5"
    assert settings.service == "0000181d-0000-1000-8000-00805f9b34fb"
    assert settings.notify == ("00002a9d-0000-1000-8000-00805f9b34fb",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"address": "F0:F1:F2:F3:F4"}, "expected a Bluetooth address such as"),
        ({"name": "Ring"}, "expected address or name, one of the two"),
        ({"address": None}, "expected address or name, one of the two"),
        ({"service": "uart"}, "expected a UUID such as"),
        ({"notify": []}, "at least 1 item"),
        ({"adapter": "bluetooth"}, "hci"),
    ],
)
def test_settings_that_find_no_device_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ble(**settings)


async def test_ble_without_a_system_bus_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(TransportError, match=r"ble F0:F1:.*no D-Bus system bus .*install and start dbus"):
        await BleTransport(ble()).open(RecordingSink())


async def test_ble_without_bluez_says_so(bus: str) -> None:
    transport, sink = BleTransport(ble(name="Ring", address=None)), RecordingSink()
    for _ in range(3):
        with pytest.raises(TransportError, match=r"ble Ring: .*BlueZ does not run; install and start it"):
            await transport.open(sink)
    await transport.close()
    with pytest.raises(TransportError, match="not open; 1 bytes were not sent"):
        await transport.write(b"x")
    assert (sink.chunks, sink.losses) == ([], [])


async def test_ble_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(TransportError, match=r"install the package with its Bluetooth part: edge-gateway\[bluetooth\]"):
        await BleTransport(ble()).open(RecordingSink())


def test_library_is_loaded_only_when_a_device_needs_it() -> None:
    code = (
        "import sys; from edge_gateway.transports.factory import make_transport; "
        "from edge_gateway import world; print('bleak' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"


async def test_devices_of_one_adapter_share_its_radio(bus: str) -> None:
    assert await radio_of("hci1") is await radio_of("hci1")
    assert await radio_of("hci0") is not await radio_of("hci1")


async def test_listening_without_bluez_says_so(bus: str) -> None:
    with pytest.raises(TransportError, match="BlueZ does not run; install and start it"):
        await listen(lambda *_: None, 5.0)


async def test_ble_open_that_is_cancelled_leaves_no_task(bus: str) -> None:
    transport = BleTransport(ble())
    before = len(asyncio.all_tasks())
    for turns in range(20):
        opening = asyncio.create_task(transport.open(RecordingSink()))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await transport.close()
    await wait_until(lambda: len(asyncio.all_tasks()) <= before + 1, what="every task ended")
