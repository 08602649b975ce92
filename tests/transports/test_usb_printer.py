"""Which way a USB printer is opened, and that it is found wherever the kernel put it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.usb_printer import parse_device_id
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.settings_transports import UsbPrinterTransportSettings
from edge_gateway.transports.usb_printer import UsbPort, UsbPrinterTransport
from edge_gateway.transports.usblp import UsblpPort
from tests.support.printer_node import PrinterNode
from tests.support.sysfs import FakeBox, Part
from tests.transports.sinks import RecordingSink

PRINTER = "usb:04b8:0202:J5"


class Ways:
    """Which were opened, and where."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, str]] = []
        self.node = PrinterNode()

    def make(self, way: str, description: str) -> UsbPort:
        def acquire(path: Path) -> object:
            self.opened.append((way, path.name))
            return self.node.acquire(path)

        return UsblpPort(description, acquire)  # type: ignore[arg-type]


@pytest.fixture
def box(tmp_path: Path) -> FakeBox:
    return FakeBox(tmp_path / "box")


def plug(box: FakeBox, node: str | None, port: str = "1-1") -> Inventory:
    parts = [(Part("usbmisc"), node)] if node else []
    box.plug_usb(port, "04b8:0202", parts, serial="J5", product="TM-T88V", printer_protocols=(2,))
    inventory = Inventory(box.sysfs)
    inventory.refresh()
    return inventory


async def opened(inventory: Inventory, ways: Ways, through: str | None = None) -> tuple[str, str]:
    settings = UsbPrinterTransportSettings.model_validate(
        {"kind": "usb_printer", "device": PRINTER, "through": through}
    )
    transport = UsbPrinterTransport(settings, inventory, ways.make)
    assert transport.is_there()
    await transport.open(RecordingSink())
    await transport.close()
    ways.node.unplug()
    return ways.opened[-1]


@pytest.mark.parametrize(
    ("node", "through", "way"),
    [
        ("lp0", None, ("usblp", "lp0")),
        ("lp3", "usblp", ("usblp", "lp3")),
        ("lp0", "libusb", ("libusb", "001")),
        (None, "libusb", ("libusb", "001")),
        (None, None, ("libusb", "001")),
    ],
)
async def test_usb_printer_goes_through_usblp_unless_it_is_told_otherwise(
    box: FakeBox, monkeypatch: pytest.MonkeyPatch, node: str | None, through: str | None, way: tuple[str, str]
) -> None:
    monkeypatch.setattr("edge_gateway.transports.usb_printer.BINDING_S", -1.0)
    assert await opened(plug(box, node), Ways(), through) == way


async def test_usb_printer_that_was_just_plugged_in_is_left_to_usblp(box: FakeBox) -> None:
    inventory = plug(box, None)
    transport = UsbPrinterTransport(UsbPrinterTransportSettings(kind="usb_printer", device=PRINTER), inventory)
    assert not transport.is_there()
    with pytest.raises(TransportError, match="has no usb_printer node"):
        await transport.open(RecordingSink())
    (device,) = inventory
    (node,) = device.nodes
    os.utime(node.path)
    assert node.kind is NodeKind.USB_DEVICE


async def test_usb_printer_follows_its_device(box: FakeBox) -> None:
    ways = Ways()
    assert await opened(plug(box, "lp0"), ways) == ("usblp", "lp0")
    box.pull("1-1")
    assert await opened(plug(box, "lp1", "1-4.2"), ways) == ("usblp", "lp1")


def test_printer_is_one_device_with_and_without_its_driver(box: FakeBox) -> None:
    """libusb takes the driver's node away: the printer stays who it is."""
    inventory = plug(box, "lp0")
    (device,) = inventory
    assert {node.kind for node in device.nodes} == {NodeKind.USB_PRINTER, NodeKind.USB_DEVICE}
    box.pull("1-1")
    (other,) = plug(box, None)
    assert (other.identity, other.can_be_opened_by("usb_printer")) == (device.identity, True)


@pytest.mark.parametrize(("protocols", "is_printer"), [((1,), True), ((4,), False), ((3,), False), ((4, 2), True)])
def test_printer_of_packets_is_none_of_bytes(box: FakeBox, protocols: tuple[int, ...], is_printer: bool) -> None:
    box.plug_usb("1-1", "03f0:1234", printer_protocols=protocols)
    inventory = Inventory(box.sysfs)
    inventory.refresh()
    (device,) = inventory
    assert device.can_be_opened_by("usb_printer") is is_printer


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"\x00\x1dMFG:STAR;CMD:STAR;MDL:TSP143;", {"MFG": "STAR", "CMD": "STAR", "MDL": "TSP143"}),
        (b"\x00\x00MANUFACTURER:Zebra ;COMMAND SET:ZPL;\x00\x00", {"MFG": "Zebra", "CMD": "ZPL"}),
        (b"\xff\xffmodel: X\x1b[2J;;no colon;SERN:7", {"MDL": "X?[2J", "SN": "7"}),
        (b"", {}),
        (b"\x00\x02", {}),
    ],
)
def test_device_id_is_read_whatever_its_length_says(data: bytes, fields: dict[str, str]) -> None:
    assert parse_device_id(data) == fields
