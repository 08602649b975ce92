"""A Bluetooth device through bleak and a D-Bus daemon; BlueZ itself is played, see ``tests/support/bluez.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import BleTransportSettings
from edge_gateway.transports import ble_radio
from edge_gateway.transports.ble import BleTransport
from tests.support.bluez import FakeBluez, Peripheral
from tests.support.descriptors import descriptor_count
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

SERVICE, RX, TX = (f"6e40000{number}-b5a3-f393-e0a9-e50e24dcca9e" for number in (1, 2, 3))
MTU = 23
MTU_MAX = 517
FLAGS = {RX: ["write", "write-without-response"], TX: ["notify"]}


def ring(number: int, name: str = "Ring") -> Peripheral:
    return Peripheral(f"F0:F1:F2:F3:F4:F{number}", name, SERVICE, FLAGS, MTU)


def ble(**settings: object) -> BleTransport:
    wanted: dict[str, object] = {"kind": "ble", "service": SERVICE, "notify": [TX], "write": RX}
    found_by = {} if "name" in settings else {"address": "F0:F1:F2:F3:F4:F5"}
    return BleTransport(BleTransportSettings.model_validate(wanted | found_by | settings))


@pytest.fixture
async def bluez(bus: str) -> AsyncIterator[FakeBluez]:
    made = FakeBluez(bus)
    made.peripherals = [ring(5)]
    await made.start()
    yield made
    await made.stop()


async def test_notifications_come_as_they_are_and_writes_are_cut_to_what_fits(bluez: FakeBluez) -> None:
    transport, sink = ble(), RecordingSink()
    await transport.open(sink)
    (device,) = bluez.peripherals
    for data in (b"40063813", b"33931\r", b"x"):
        bluez.notify(device, TX, data)
    await wait_until(lambda: len(sink.chunks) == 3)
    assert sink.chunks == [b"40063813", b"33931\r", b"x"]
    await transport.write(bytes(range(50)))
    assert [len(data) for data, _ in device.written] == [20, 20, 10]
    assert b"".join(data for data, _ in device.written) == bytes(range(50))
    assert {kind for _, kind in device.written} == {"request"}, "confirmed, where the device can"
    with pytest.raises(TransportError, match="already open"):
        await transport.open(sink)
    await transport.close()
    assert device.notifying == set()
    assert (bluez.connects_while_scanning, bluez.scans_at_once_max) == (0, 1)


async def test_write_is_no_longer_than_an_attribute_where_the_packet_has_room_for_more(bluez: FakeBluez) -> None:
    bluez.peripherals = [Peripheral("F0:F1:F2:F3:F4:F5", "Ring", SERVICE, FLAGS, MTU_MAX)]
    transport = ble()
    await transport.open(RecordingSink())
    await transport.write(bytes(520))
    assert [len(data) for data, _ in bluez.peripherals[0].written] == [512, 8]
    await transport.close()


async def test_writes_are_unconfirmed_where_it_is_wanted(bluez: FakeBluez) -> None:
    transport = ble(write_response=False)
    await transport.open(RecordingSink())
    await transport.write(b"beep")
    assert bluez.peripherals[0].written == [(b"beep", "command")]
    await transport.close()


async def test_device_out_of_range_is_lost_at_once_and_found_when_it_is_back(bluez: FakeBluez) -> None:
    transport, sink = ble(), RecordingSink()
    (device,) = bluez.peripherals
    await transport.open(sink)
    bluez.leave(device)
    assert await wait_until(lambda: sink.losses) < 0.5
    assert [str(error) for error in sink.losses] == ["the device is out of range, off, or hung up"]
    with pytest.raises(TransportError, match="not open; 1 bytes were not sent"):
        await transport.write(b"x")
    await transport.close()
    again = RecordingSink()
    opening = asyncio.create_task(transport.open(again))
    await wait_until(lambda: bluez.scans == 2, what="a scan")
    bluez.return_(device)
    async with asyncio.timeout(2.0):
        await opening
    bluez.notify(device, TX, b"back")
    await wait_until(lambda: again.chunks == [b"back"])
    await transport.close()
    assert len(sink.losses) == 1


async def test_device_that_is_away_is_said_to_be(bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble_radio, "FIND_S_MAX", 0.3)
    bluez.peripherals[0].is_in_range = False
    with pytest.raises(TransportError, match="no device F0:F1:F2:F3:F4:F5 was seen in 0 s; see that it is on"):
        await ble().open(RecordingSink())


async def test_devices_that_are_opened_together_share_one_scan(bluez: FakeBluez) -> None:
    bluez.peripherals = [ring(number, f"Ring {number}") for number in range(5)]
    transports = [ble(address=each.address) for each in bluez.peripherals[:4]] + [ble(name="Ring 4")]
    sinks = [RecordingSink() for _ in transports]
    heard: list[str] = []
    listening = asyncio.create_task(ble_radio.listen(lambda device, _: heard.append(device.address), 5.0))
    async with asyncio.timeout(10.0):
        await asyncio.gather(*(each.open(sink) for each, sink in zip(transports, sinks, strict=True)))
    for number, device in enumerate(bluez.peripherals):
        bluez.notify(device, TX, str(number).encode())
    await wait_until(lambda: all(sink.chunks for sink in sinks))
    assert [sink.data for sink in sinks] == [b"0", b"1", b"2", b"3", b"4"]
    assert (bluez.scans_at_once_max, bluez.refused, bluez.connects_while_scanning) == (1, 0, 0)
    assert heard, "who lists what is in range heard it too"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    for transport in transports:
        await transport.close()


async def test_adapter_that_one_device_names_and_another_does_not_has_one_scan(bluez: FakeBluez) -> None:
    bluez.peripherals = [ring(1), ring(2)]
    bluez.leave(bluez.peripherals[1])
    named = ble(address=bluez.peripherals[0].address, adapter="hci0")
    unnamed = ble(address=bluez.peripherals[1].address)
    heard: list[str] = []
    listening = asyncio.create_task(ble_radio.listen(lambda device, _: heard.append(device.address), 5.0))
    opening = asyncio.create_task(unnamed.open(RecordingSink()))
    await wait_until(lambda: bool(heard), what="the listener hears")
    await named.open(RecordingSink())
    bluez.return_(bluez.peripherals[1])
    await opening
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert (bluez.scans_at_once_max, bluez.refused, bluez.connects_while_scanning) == (1, 0, 0)
    for transport in (named, unnamed):
        await transport.close()


async def test_name_that_two_devices_have_is_no_identity(bluez: FakeBluez) -> None:
    bluez.peripherals = [ring(5), ring(6)]
    with pytest.raises(TransportError, match=r"two devices are named 'Ring': F0:.*F5, F0:.*F6; set address instead"):
        await ble(name="Ring").open(RecordingSink())


async def test_device_without_the_characteristic_says_what_it_has(bluez: FakeBluez) -> None:
    with pytest.raises(TransportError, match=rf"no characteristic .*2a9d.* in this service; it has: {RX}, {TX}"):
        await ble(notify=["2A9D"]).open(RecordingSink())
    assert bluez.peripherals[0].notifying == set()


async def test_adapter_that_is_off_is_said_to_be(bluez: FakeBluez) -> None:
    bluez.is_powered = False
    with pytest.raises(TransportError, match="the Bluetooth adapter is off; switch it on: bluetoothctl power on"):
        await ble().open(RecordingSink())


async def test_opens_that_are_cancelled_leave_nothing(bluez: FakeBluez) -> None:
    transport = ble()
    await transport.open(RecordingSink())
    await transport.close()
    before = descriptor_count()
    for turns in range(0, 60, 3):
        opening = asyncio.create_task(transport.open(RecordingSink()))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await transport.close()
    for _ in range(20):
        await transport.open(RecordingSink())
        await transport.close()
    await wait_until(lambda: descriptor_count() <= before, what="every descriptor closed")
