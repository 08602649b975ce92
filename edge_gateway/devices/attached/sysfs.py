"""Reads what is attached from sysfs: names and ids only, nothing is opened. Works with udev and without.

Layout: Linux, Documentation/ABI/testing/sysfs-bus-usb, sysfs-class-hidraw, and Documentation/input/uinput.rst. The
kernel keeps these files whether udev runs or not; udev's own links and database are looked at where it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.contracts.hid_report_descriptor import parse_report_descriptor, usage_text
from edge_gateway.devices.attached.device import AttachedDevice, Node

TEXT_CHARS_MAX = 126
"""Of what a device says: a USB string descriptor holds no more."""
PARENTS_MAX = 24
"""How far above a node its device stands at most: hubs behind hubs (7 tiers) on a bus behind bridges."""
DESCRIPTOR_BYTES_MAX = 4096
"""HID_MAX_DESCRIPTOR_SIZE of Linux."""

CLASSES = {"tty": NodeKind.SERIAL, "hidraw": NodeKind.HIDRAW, "input": NodeKind.EVDEV, "usbmisc": NodeKind.USB_PRINTER}
_NODE_NAMES = {"input": re.compile(r"event\d+"), "usbmisc": re.compile(r"lp\d+")}
"""In the other two classes every entry that has a device is one."""
HUB_CLASS = "09"
_HID = re.compile(r"([0-9A-F]{4}):([0-9A-F]{4}):([0-9A-F]{4})\.[0-9A-F]+")
_BUS_USB, _BUS_BLUETOOTH = "0003", "0005"
_RADIO_LINK = re.compile(r"hci\d+:\d+|rfcomm\d+")
_COUNTED_CONTROLLER = re.compile(r"xhci-hcd\.\d+(\.auto)?|.*\.auto")
"""Names that are counted up in the order of probing; the device above has its address for a name."""
_USB_VERSIONS = {"0001": "usb1", "0002": "usb2", "0003": "usb3"}
"""Product id of a root hub, of vendor 1d6b: one controller has a bus for each version, with sockets counted apart."""

# linux/input-event-codes.h: KEY_1 to KEY_0, KEY_ENTER, KEY_A: what every keyboard has, and what a code needs.
_KEYBOARD: int = sum(1 << key for key in (*range(2, 12), 28, 30))


@dataclass(slots=True)
class _Found:
    device: AttachedDevice
    nodes: list[Node] = field(default_factory=list)


class Sysfs:
    """One look at a time; ``sys``, ``dev`` and ``run`` are where these trees are."""

    def __init__(self, sys: Path = Path("/sys"), dev: Path = Path("/dev"), run: Path = Path("/run")) -> None:
        self._sys = sys
        self._dev = dev
        self._run = run

    def scan(self) -> list[AttachedDevice]:
        """Every device, its identity still to be found. What goes away meanwhile is left out. May wait for a device
        that is being reset: not for the event loop."""
        found: dict[Path, _Found] = {}
        for folder in _listed(self._sys / "bus" / "usb" / "devices"):
            root = folder.resolve()
            if _said(root / "idVendor") and _said(root / "bDeviceClass") != HUB_CLASS:
                found[root] = _Found(self._usb_device(root))
        links = self._links()
        for class_name in CLASSES:
            for entry in _listed(self._sys / "class" / class_name):
                self._add_node(class_name, entry, links, found)
        return [
            replace(each.device, nodes=tuple(sorted(each.nodes, key=lambda node: _natural(str(node.sysfs)))))
            for _, each in sorted(found.items(), key=lambda item: _natural(str(item[0])))
        ]

    def signature(self) -> tuple[tuple[str, ...], ...]:
        """Names of all that could be a node: cheap, and another one when something came or went."""
        folders = [self._sys / "class" / name for name in CLASSES] + [self._sys / "bus" / "usb" / "devices"]
        return tuple(tuple(path.name for path in _listed(folder)) for folder in folders)

    def is_same(self, device: AttachedDevice, node: Node) -> bool:
        """Whether a node still is this device's, as it was plugged in. Two small files: for the event loop."""
        return node.sysfs.is_dir() and self._generation(device.sysfs) == device.generation

    @property
    def has_udev(self) -> bool:
        """udevd runs: it gives nodes their links and permissions, and tells when they are ready."""
        return (self._run / "udev" / "control").exists()

    def _add_node(
        self, class_name: str, entry: Path, links: Mapping[Path, list[Path]], found: dict[Path, _Found]
    ) -> None:
        pattern = _NODE_NAMES.get(class_name)
        parent = entry / "device"
        if (pattern is not None and not pattern.fullmatch(entry.name)) or not parent.exists():
            return
        if class_name == "tty" and _said(entry / "type") == "0":
            return  # a place for a UART, without one (PORT_UNKNOWN)
        place = parent.resolve()
        kind: NodeKind | None = CLASSES[class_name]
        if kind is NodeKind.EVDEV and not _is_keyboard(place):
            kind = None
        root = _root_of(place)
        if root not in found:
            device = self._device(root)
            if device.bus == "box" and kind is None:
                return  # the power button, the lid
            found[root] = _Found(device)
        path = self._dev / _uevent(entry).get("DEVNAME", entry.name)
        device = found[root].device
        own = tuple(links.get(path, ()))
        names = [*(link.name for link in own if link.parent.name == "by-id"), _by_id(device)]
        found[root].nodes.append(
            Node(
                path,
                kind,
                entry.resolve(),
                names=tuple(dict.fromkeys(names)),
                links=own,
                usages=_usages(place) if kind is NodeKind.HIDRAW else (),
                is_ready=self._is_ready(entry),
            )
        )

    def _device(self, root: Path) -> AttachedDevice:
        if (root / "idVendor").exists():
            return self._usb_device(root)
        if (match := _HID.fullmatch(root.name)) is not None:
            return self._hid_device(root, match)
        devices = (self._sys / "devices").resolve()
        place = root.relative_to(devices) if root.is_relative_to(devices) else root
        return AttachedDevice("box", root, self._generation(root), identity=f"at:{place}")

    def _usb_device(self, root: Path) -> AttachedDevice:
        return AttachedDevice(
            "usb",
            root,
            self._generation(root),
            usb_id=f"{_said(root / 'idVendor')}:{_said(root / 'idProduct')}",
            serial=_said(root / "serial"),
            manufacturer=_said(root / "manufacturer"),
            product=_said(root / "product"),
            version=_said(root / "bcdDevice"),
            port=root.name,
            socket=_socket(root),
        )

    def _hid_device(self, root: Path, match: re.Match[str]) -> AttachedDevice:
        told = _uevent(root)
        is_bluetooth = match[1] == _BUS_BLUETOOTH
        unique = _clean(told.get("HID_UNIQ", ""))
        return AttachedDevice(
            "bluetooth" if is_bluetooth else "hid",
            root,
            self._generation(root),
            usb_id=f"{match[2]}:{match[3]}".lower(),
            serial=None if is_bluetooth else unique,
            product=_clean(told.get("HID_NAME", "")),
            socket=_clean(told.get("HID_PHYS", "")),
            address=unique.upper() if is_bluetooth and unique else None,
        )

    def _generation(self, root: Path) -> str:
        """Of a USB device its address on the bus, which rises with each plug; else the number of its folder."""
        if (number := _said(root / "devnum")) is not None:
            return number
        try:
            return str(root.stat().st_ino)
        except OSError:
            return "gone"

    def _is_ready(self, entry: Path) -> bool:
        number = _said(entry / "dev")
        return not self.has_udev or number is None or (self._run / "udev" / "data" / f"c{number}").exists()

    def _links(self) -> dict[Path, list[Path]]:
        """By node, what udev links to it."""
        links: dict[Path, list[Path]] = {}
        for folder in ("serial/by-id", "serial/by-path", "input/by-id", "input/by-path"):
            for link in _listed(self._dev / folder):
                links.setdefault(Path(_resolved(link)), []).append(link)
        return links


def _root_of(place: Path) -> Path:
    """The device that an interface belongs to: the USB device above it, a HID device of another bus, or itself."""
    hid = None
    for folder in (place, *list(place.parents)[:PARENTS_MAX]):
        if (match := _HID.fullmatch(folder.name)) is not None:
            hid = folder
            if match[1] != _BUS_USB:
                return folder
        if _RADIO_LINK.fullmatch(folder.name):
            return place  # above it is only the box's own radio
        if (folder / "idVendor").exists():
            return folder
    return hid or place


def _socket(root: Path) -> str | None:
    """``0000:00:14.0/usb2/1.4``: controller, version of USB, and the way through the hubs. Numbers of buses are given
    in the order of probing, and are no part of it."""
    bus, _, way = root.name.partition("-")
    hub = next((folder for folder in root.parents if folder.name == f"usb{bus}"), None)
    if hub is None or not way:
        return None
    controller = hub.parent
    if _COUNTED_CONTROLLER.fullmatch(controller.name):
        controller = controller.parent
    version = _USB_VERSIONS.get(_said(hub / "idProduct") or "", "usb")
    return f"{controller.name}/{version}/{way}"


def _is_keyboard(place: Path) -> bool:
    """From ``capabilities/key``: words in hexadecimal, the highest first, of as many bits as the kernel's long has."""
    words = (_said(place / "capabilities" / "key", chars_max=1024) or "").split()
    try:
        lowest = int(words[-1], 16) if words else 0
    except ValueError:
        return False
    return (lowest & _KEYBOARD) == _KEYBOARD


def _usages(place: Path) -> tuple[str, ...]:
    """Top-level collections of the report descriptor."""
    try:
        with (place / "report_descriptor").open("rb") as file:
            descriptor = file.read(DESCRIPTOR_BYTES_MAX)
    except OSError:
        return ()
    return tuple(dict.fromkeys(map(usage_text, parse_report_descriptor(descriptor).applications)))


def _by_id(device: AttachedDevice) -> str:
    """As udev names a link: vendor, product and serial number, with _ for what it does not take."""
    said = "_".join(part for part in (device.manufacturer, device.product, device.serial) if part)
    return f"{device.bus}-{re.sub(r'[^A-Za-z0-9#+.:=@_-]', '_', said)}"


def _natural(text: str) -> list[tuple[int, str]]:
    """Interface 10 after interface 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


def _listed(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return
    yield from (folder / name for name in names)


def _resolved(link: Path) -> str:
    try:
        return str(link.resolve())
    except OSError:
        return str(link)


def _uevent(folder: Path) -> dict[str, str]:
    try:
        text = (folder / "uevent").read_text("utf-8", errors="replace")
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _said(attribute: Path, chars_max: int = TEXT_CHARS_MAX) -> str | None:
    try:
        text = attribute.read_text("utf-8", errors="replace")
    except OSError:
        return None
    return _clean(text, chars_max)


def _clean(text: str, chars_max: int = TEXT_CHARS_MAX) -> str | None:
    """One line, without what a device could do to a terminal with it."""
    text = text.strip()[:chars_max]
    return "".join(character if character.isprintable() else "?" for character in text) or None
