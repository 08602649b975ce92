"""Who an attached device is does not depend on what the kernel calls it; which nodes it has is known at each moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.devices.attached.inventory import Inventory
from tests.support.sysfs import (
    CONSUMER_KEYS,
    HID_KEYBOARD,
    HID_POS_SCANNER,
    HID_SCALE,
    MOUSE_KEYS,
    FakeBox,
    Part,
)

TTY = Part("tty")
KEYBOARD = Part("input")


@pytest.fixture
def box(tmp_path: Path) -> FakeBox:
    return FakeBox(tmp_path)


def look(box: FakeBox, inventory: Inventory | None = None) -> Inventory:
    inventory = inventory or Inventory(box.sysfs)
    inventory.refresh()
    return inventory


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


def test_inventory_joins_all_nodes_of_one_device(box: FakeBox) -> None:
    box.plug_usb(
        "1-1.4",
        "05e0:1200",
        [
            (KEYBOARD, "event7"),
            (Part("hidraw", 0, HID_KEYBOARD), "hidraw1"),
            (Part("hidraw", 1, HID_POS_SCANNER), "hidraw2"),
            (Part("input", 2, CONSUMER_KEYS), "event8"),
            (Part("tty", 3), "ttyACM0"),
            (Part("usbmisc", 4), "lp0"),
        ],
        serial="S1",
        manufacturer="Symbol",
        product="Scanner",
    )
    [device] = look(box)
    assert (device.identity, device.title, device.port) == ("usb:05e0:1200:S1", "Symbol Scanner", "1-1.4")
    assert [(node.path.name, node.kind, node.usages) for node in device.nodes] == [
        ("hidraw1", "hidraw", ("01:06",)),
        ("event7", "evdev", ()),
        ("hidraw2", "hidraw", ("8c:02",)),
        ("event8", None, ()),
        ("ttyACM0", "serial", ()),
        ("lp0", "usb_printer", ()),
    ]
    assert device.nodes[-1].path == box.dev / "usb" / "lp0"


def test_inventory_leaves_out_what_is_no_device(box: FakeBox) -> None:
    (box.sys / "class/tty/tty1").mkdir()
    (box.sys / "class/tty/ptmx").mkdir()
    box.plug_port_of_the_box("ttyS3", kind="0")
    box.plug_port_of_the_box("ttyS0")
    assert [device.identity for device in look(box)] == ["at:platform/serial8250/serial8250:0.0"]


@pytest.mark.parametrize(
    ("serial", "identity"),
    [
        ("A9X1", "usb:0c2e:0b61:A9X1"),
        ("SN with: blank", "usb:0c2e:0b61:SN with: blank"),
        (None, "usb-port:0000:00:14.0/usb2/1.4:0c2e:0b61"),
        ("00000000", "usb-port:0000:00:14.0/usb2/1.4:0c2e:0b61"),
        ("0123456789ABCDEF", "usb-port:0000:00:14.0/usb2/1.4:0c2e:0b61"),
    ],
)
def test_identity_is_the_serial_number_or_else_the_socket(box: FakeBox, serial: str | None, identity: str) -> None:
    box.plug_usb("1-1.4", "0c2e:0b61", [(TTY, "ttyACM0")], serial=serial)
    inventory = look(box)
    [device] = inventory
    assert device.identity == identity
    assert names(inventory.find(identity, NodeKind.SERIAL)) == ["ttyACM0"], "an identity is a selector"


def test_identity_survives_replug_in_another_order_another_socket_and_a_boot(box: FakeBox) -> None:
    box.plug_usb("1-1", "0403:6001", [(TTY, "ttyUSB0")], serial="AAA")
    box.plug_usb("1-2", "0403:6001", [(TTY, "ttyUSB1")], serial="BBB")
    inventory = look(box)
    assert names(inventory.find("usb:0403:6001:AAA", NodeKind.SERIAL)) == ["ttyUSB0"]
    box.pull("1-1")
    box.pull("1-2")
    assert look(box, inventory).find("usb:0403:6001:AAA", NodeKind.SERIAL) == ()
    box.plug_usb("1-3.1", "0403:6001", [(TTY, "ttyUSB0")], serial="BBB")
    box.plug_usb("1-2", "0403:6001", [(TTY, "ttyUSB1")], serial="AAA")
    for again in (look(box, inventory), look(box)):
        assert names(again.find("usb:0403:6001:AAA", NodeKind.SERIAL)) == ["ttyUSB1"]
        assert names(again.find("usb:0403:6001:BBB", NodeKind.SERIAL)) == ["ttyUSB0"]


def test_identity_by_socket_does_not_depend_on_the_number_of_the_bus(box: FakeBox, tmp_path: Path) -> None:
    box.plug_usb("1-1.4", "1a86:7523", [(TTY, "ttyUSB0")])
    rebooted = FakeBox(tmp_path / "rebooted")
    rebooted.plug_usb("3-1.4", "1a86:7523", [(TTY, "ttyUSB5")])
    assert [device.identity for device in look(box)] == [device.identity for device in look(rebooted)]


def test_identity_by_socket_does_not_depend_on_counted_controllers(tmp_path: Path) -> None:
    first, second = FakeBox(tmp_path / "1"), FakeBox(tmp_path / "2")
    first.plug_usb("1-1", "1a86:7523", controller="platform/axi/1f00200000.usb/xhci-hcd.0")
    second.plug_usb("3-1", "1a86:7523", controller="platform/axi/1f00200000.usb/xhci-hcd.1")
    assert [device.identity for device in look(first)] == ["usb-port:1f00200000.usb/usb2/1:1a86:7523"]
    assert [device.identity for device in look(second)] == ["usb-port:1f00200000.usb/usb2/1:1a86:7523"]


def test_two_devices_with_one_serial_number_are_told_apart_by_socket_with_a_warning(box: FakeBox) -> None:
    box.plug_usb("1-1", "05e0:1300", [(TTY, "ttyACM0")], serial="S0FF")
    inventory = look(box)
    assert [device.warning for device in inventory] == [None]
    box.plug_usb("1-2", "05e0:1300", [(TTY, "ttyACM1")], serial="S0FF")
    look(box, inventory)
    assert [device.identity for device in inventory] == ["usb:05e0:1300:S0FF"], "the same one may have moved"
    assert inventory.is_in_doubt
    look(box, inventory)
    assert not inventory.is_in_doubt
    assert [device.identity for device in inventory] == [
        "usb-port:0000:00:14.0/usb2/1:05e0:1300",
        "usb-port:0000:00:14.0/usb2/2:05e0:1300",
    ]
    assert all("is attached twice" in str(device.warning) for device in inventory)
    assert inventory.find("usb:05e0:1300:S0FF", NodeKind.SERIAL) == ()
    assert inventory.explain("usb:05e0:1300:S0FF", NodeKind.SERIAL) == (
        "2 attached devices fit usb:05e0:1300:S0FF; say which: usb-port:1-1, usb-port:1-2"
    )
    assert names(inventory.find("usb-port:1-2:05e0:1300", NodeKind.SERIAL)) == ["ttyACM1"]
    box.pull("1-1")
    look(box, inventory)
    assert [device.identity for device in inventory] == ["usb-port:0000:00:14.0/usb2/2:05e0:1300"]
    assert ["was attached twice" in str(device.warning) for device in inventory] == [True]


def test_device_that_moves_is_no_clone_of_itself(box: FakeBox) -> None:
    box.plug_usb("1-1", "05e0:1300", [(TTY, "ttyACM0")], serial="S1")
    inventory = look(box)
    box.plug_usb("1-2", "05e0:1300", [(TTY, "ttyACM1")], serial="S1")  # and the hub has not told that 1-1 is empty
    look(box, inventory)
    box.pull("1-1")
    look(box, inventory)
    assert [(device.identity, device.port) for device in inventory] == [("usb:05e0:1300:S1", "1-2")]
    assert inventory.clones == set()


def test_device_that_is_pulled_during_a_look_is_no_clone_of_itself(box: FakeBox) -> None:
    box.plug_usb("1-1", "05e0:1300", [(TTY, "ttyACM0")], serial="S1")
    inventory = Inventory(box.sysfs)
    box.plug_usb("1-2", "05e0:1300", [(TTY, "ttyACM1")], serial="S1")
    found = box.sysfs.scan()
    box.pull("1-1")
    inventory.take_over(found)
    assert [(device.identity, device.port) for device in inventory] == [("usb:05e0:1300:S1", "1-2")]
    assert inventory.clones == set()


def test_selector_by_model_wants_the_only_one_of_its_kind(box: FakeBox) -> None:
    box.plug_usb("1-1", "05e0:1300", [(TTY, "ttyACM0")], serial="A")
    inventory = look(box)
    assert names(inventory.find("usb:05E0:1300", NodeKind.SERIAL)) == ["ttyACM0"]
    box.plug_usb("1-2", "05e0:1300", [(TTY, "ttyACM1")], serial="B")
    assert look(box, inventory).find("usb:05e0:1300", NodeKind.SERIAL) == ()
    assert inventory.explain("usb:05e0:1300", NodeKind.SERIAL).startswith("2 attached devices fit")


def test_selector_by_socket_refuses_another_model(box: FakeBox) -> None:
    box.plug_usb("1-1", "05e0:1300", [(TTY, "ttyACM0")], serial="A")
    inventory = look(box)
    assert inventory.find("usb-port:1-1", NodeKind.SERIAL)
    assert inventory.find("usb-port:1-1:0c2e:0b61", NodeKind.SERIAL) == ()
    assert "is not attached" in inventory.explain("usb-port:1-1:0c2e:0b61", NodeKind.SERIAL)


def test_selector_chooses_among_ports_and_usages(box: FakeBox) -> None:
    ports = [(Part("tty", number), f"ttyUSB{9 - number}") for number in range(4)]
    box.plug_usb("1-1", "0403:6011", ports, serial="QUAD")
    reports = [(Part("hidraw", 0, HID_KEYBOARD), "hidraw0"), (Part("hidraw", 1, HID_POS_SCANNER), "hidraw1")]
    box.plug_usb("1-2", "05e0:1300", reports, serial="S")
    inventory = look(box)
    assert names(inventory.find("usb:0403:6011:QUAD", NodeKind.SERIAL)) == ["ttyUSB9", "ttyUSB8", "ttyUSB7", "ttyUSB6"]
    assert names(inventory.find("usb:0403:6011:QUAD#2", NodeKind.SERIAL)) == ["ttyUSB7"]
    assert inventory.find("usb:0403:6011:QUAD#4", NodeKind.SERIAL) == ()
    assert names(inventory.find("usb:05e0:1300:S", NodeKind.HIDRAW, "8c:02")) == ["hidraw1"]
    assert inventory.explain("usb:05e0:1300:S", NodeKind.HIDRAW, "8d:20") == (
        "usb:05e0:1300:S (a USB device) has no hidraw 8d:20 node; it has hidraw 01:06 and hidraw 8c:02"
    )


def test_locator_never_gives_a_node_that_became_another_devices(box: FakeBox) -> None:
    box.plug_usb("1-1", "0403:6001", [(TTY, "ttyUSB0")], serial="SCALE")
    inventory = look(box)
    box.pull("1-1")
    box.plug_usb("1-1", "0403:6001", [(TTY, "ttyUSB0")], serial="PRINTER")
    assert inventory.find("usb:0403:6001:SCALE", NodeKind.SERIAL) == (), "before anybody looked again"
    look(box, inventory)
    assert names(inventory.find("usb:0403:6001:PRINTER", NodeKind.SERIAL)) == ["ttyUSB0"]


def test_keyboards_are_told_from_mice_and_volume_keys(box: FakeBox) -> None:
    parts = [
        (KEYBOARD, "event4"),
        (Part("input", 1, CONSUMER_KEYS), "event5"),
        (Part("input", 2, MOUSE_KEYS), "event6"),
    ]
    box.plug_usb("1-1", "046d:c31c", [*parts, (Part("input", 3), "event10")], serial="K")
    assert names(look(box).find("usb:046d:c31c:K", NodeKind.EVDEV)) == ["event4", "event10"]


def test_bluetooth_and_virtual_hid_devices_have_their_address_for_an_identity(box: FakeBox) -> None:
    scan = [(Part("hidraw", 0, HID_POS_SCANNER), "hidraw5")]
    box.plug_hid(scan, bus="0005", usb_id="05E0:1300", unique="aa:bb:cc:dd:ee:ff", name="RS5100")
    box.plug_hid([(Part("hidraw"), "hidraw6")], bus="0003", usb_id="0EB8:F000", unique="W7", name="Scale")
    inventory = look(box)
    assert {device.identity for device in inventory} == {"bt:AA:BB:CC:DD:EE:FF", "hid:0eb8:f000:W7"}
    assert names(inventory.find("bt:aa:bb:cc:dd:ee:ff", NodeKind.HIDRAW)) == ["hidraw5"]
    assert names(inventory.find("hid:0eb8:f000", NodeKind.HIDRAW)) == ["hidraw6"]


def test_what_a_device_says_stays_off_the_terminal(box: FakeBox) -> None:
    box.plug_usb("1-1", "0403:6001", serial="A", product="FT232R\x1b[2J UART\n")
    assert [device.product for device in look(box)] == ["FT232R?[2J UART"]


def test_second_look_reads_only_what_is_new(box: FakeBox) -> None:
    """A look at ten devices is hundreds of files, and a slow box must not be late for the one that was plugged in."""
    parts = [(Part("hidraw", 0, HID_POS_SCANNER), "hidraw0"), (Part("tty", 1), "ttyACM0")]
    scanner = box.plug_usb("1-1", "cccc:0001", parts, serial="S1", product="Scanner")
    inventory = look(box)
    (scanner / "product").write_text("no kernel does this\n")
    before = list(inventory)
    assert not inventory.refresh()
    assert [device.product for device in inventory] == ["Scanner"]

    box.plug_usb("1-2", "dddd:0001", [(Part("tty"), "ttyACM1")], serial="S2")
    assert inventory.refresh()
    assert next(iter(inventory)) == before[0]
    assert names(inventory.find("usb:dddd:0001:S2", NodeKind.SERIAL)) == ["ttyACM1"]
    for port in ("1-1", "1-2"):
        box.pull(port)
    box.plug_usb("1-1", "cccc:0001", [(Part("hidraw", 0, HID_SCALE), "hidraw0")], serial="S1", product="Scale")
    assert inventory.refresh()
    assert [(device.product, [node.usages for node in device.nodes]) for device in inventory] == [
        ("Scale", [("8d:20",)])
    ]


def test_node_that_udev_is_not_done_with_is_read_again(tmp_path: Path) -> None:
    box = FakeBox(tmp_path, has_udev=True)
    box.plug_usb("1-1", "cccc:0001", [(Part("hidraw", 0, b""), "hidraw0")], serial="S1", is_ready=False)
    inventory = look(box)
    [descriptor] = box.sys.glob("devices/**/report_descriptor")
    descriptor.write_bytes(HID_SCALE)
    box.get_ready()
    assert inventory.refresh()
    assert [(node.usages, node.is_ready) for device in inventory for node in device.nodes] == [(("8d:20",), True)]
