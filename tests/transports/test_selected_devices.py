"""Transports that are configured by device open its nodes wherever the kernel put them, and no other device's."""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path

import pytest

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.contracts.errors import TransportError
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.settings_transports import EvdevTransportSettings, SerialTransportSettings
from edge_gateway.transports.evdev import RECORD_BYTES, EvdevTransport
from edge_gateway.transports.serial import SerialTransport
from tests.support.descriptors import descriptor_count
from tests.support.pty import DevicePty
from tests.support.sysfs import FakeBox, Part
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink


@pytest.fixture
def box(tmp_path: Path) -> FakeBox:
    return FakeBox(tmp_path / "box")


async def test_serial_follows_its_device_to_another_node(box: FakeBox, device: DevicePty) -> None:
    inventory = Inventory(box.sysfs)
    transport = SerialTransport(SerialTransportSettings(kind="serial", device="usb:0403:6001:A"), inventory)
    assert transport.description == "serial usb:0403:6001:A 9600 8N1"
    assert not transport.is_there()
    with pytest.raises(TransportError, match="usb:0403:6001:A is not attached; plug it in"):
        await transport.open(RecordingSink())
    for name, port in (("ttyUSB0", "1-1"), ("ttyUSB7", "1-4.2")):
        box.plug_usb(port, "0403:6001", [(Part("tty", far_end=device.path), name)], serial="A")
        inventory.refresh()
        assert transport.is_there()
        sink = RecordingSink()
        await transport.open(sink)
        device.write(b"weight")
        await wait_until(lambda sink=sink: sink.data == b"weight")
        await transport.close()
        box.pull(port)
        assert not transport.is_there(), "before anybody looked again"


async def test_serial_wants_to_know_which_of_several_ports(box: FakeBox, device: DevicePty) -> None:
    box.plug_usb("1-1", "0403:6011", [(Part("tty", n, far_end=device.path), f"ttyUSB{n}") for n in (0, 1)], serial="Q")
    inventory = Inventory(box.sysfs)
    inventory.refresh()
    transport = SerialTransport(SerialTransportSettings(kind="serial", device="usb:0403:6011:Q"), inventory)
    with pytest.raises(TransportError, match=r"has 2 nodes .*say which: usb:0403:6011:Q#0"):
        await transport.open(RecordingSink())
    second = SerialTransport(SerialTransportSettings(kind="serial", device="usb:0403:6011:Q#1"), inventory)
    await second.open(RecordingSink())
    await second.close()


class PulledMeanwhile(Inventory):
    """The node becomes another device's between the look and the open."""

    def find(self, selector: str, kind: NodeKind, usage: str | None = None) -> tuple[Path, ...]:
        found = super().find(selector, kind, usage)
        self._devices = ()
        return found


async def test_serial_gives_back_what_became_another_devices_while_it_opened(box: FakeBox, device: DevicePty) -> None:
    box.plug_usb("1-1", "0403:6001", [(Part("tty", far_end=device.path), "ttyUSB0")], serial="A")
    inventory = PulledMeanwhile(box.sysfs)
    inventory.refresh()
    transport = SerialTransport(SerialTransportSettings(kind="serial", device="usb:0403:6001:A"), inventory)
    before = descriptor_count()
    with pytest.raises(TransportError, match="was pulled out while it was opened"):
        await transport.open(RecordingSink())
    await wait_until(lambda: descriptor_count() == before, what="the port given back")


def record(code: int) -> bytes:
    return struct.pack("llHHi", 1, 2, 1, code, 1)


async def test_evdev_opens_all_keyboards_of_its_device_and_keeps_records_whole(box: FakeBox, tmp_path: Path) -> None:
    fifos = [tmp_path / f"fifo{number}" for number in range(2)]
    fds = []
    for fifo in fifos:
        os.mkfifo(fifo)
        fds.append(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))
    parts = [(Part("input", n, far_end=fifo), f"event{n}") for n, fifo in enumerate(fifos)]
    box.plug_usb("1-1", "05e0:1200", parts, serial="K")
    inventory = Inventory(box.sysfs)
    inventory.refresh()
    before = descriptor_count()
    transport = EvdevTransport(EvdevTransportSettings(kind="evdev", device="usb:05e0:1200:K"), inventory)
    sink = RecordingSink()
    await transport.open(sink)
    other = EvdevTransport(EvdevTransportSettings(kind="evdev", path=fifos[1]))
    with pytest.raises(TransportError, match="grabbed by another process"):
        await other.open(RecordingSink())
    os.write(fds[0], record(30)[:10])
    await asyncio.sleep(0)
    os.write(fds[1], record(31))
    await wait_until(lambda: len(sink.data) == RECORD_BYTES)
    os.write(fds[0], record(30)[10:])
    await wait_until(lambda: len(sink.data) == 2 * RECORD_BYTES)
    assert sink.data == record(31) + record(30)
    os.close(fds[0])
    await wait_until(lambda: sink.losses)
    assert len(sink.losses) == 1
    await transport.close()
    os.close(fds[1])
    await wait_until(lambda: descriptor_count() == before - 2, what="every descriptor closed")


async def test_evdev_opens_all_or_none(box: FakeBox, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    parts = [(Part("input", 0, far_end=fifo), "event0"), (Part("input", 1), "event1")]
    box.plug_usb("1-1", "05e0:1200", parts, serial="K")
    inventory = Inventory(box.sysfs)
    inventory.refresh()
    transport = EvdevTransport(EvdevTransportSettings(kind="evdev", device="usb:05e0:1200:K"), inventory)
    before = descriptor_count()
    with pytest.raises(TransportError, match="is no input device"):
        await transport.open(RecordingSink())
    assert descriptor_count() == before
