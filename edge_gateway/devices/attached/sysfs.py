"""Reads what is attached from sysfs: names and ids only, nothing is opened. Works with udev and without.

Layout: Linux, Documentation/ABI/testing/sysfs-bus-usb, sysfs-class-hidraw, and Documentation/input/uinput.rst. The
kernel keeps these files whether udev runs or not; udev's own links and database are looked at where it runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.devices.attached.device import AttachedDevice, Node
from edge_gateway.devices.attached.sysfs_files import (
    HID_NAME,
    Stamp,
    by_id_name,
    clean,
    is_keyboard,
    listed,
    natural,
    printer_number,
    read_text,
    root_of,
    socket_of,
    stamp_of,
    target_of,
    uevent_of,
    usages_of,
)

CLASSES = {"tty": NodeKind.SERIAL, "hidraw": NodeKind.HIDRAW, "input": NodeKind.EVDEV, "usbmisc": NodeKind.USB_PRINTER}
_NODE_NAMES = {"input": re.compile(r"event\d+"), "usbmisc": re.compile(r"lp\d+")}
"""In the other two classes every entry that has a device is one."""
HUB_CLASS = "09"
_BUS_BLUETOOTH = "0005"


@dataclass(slots=True)
class _Found:
    device: AttachedDevice
    nodes: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """What does not change while a node is there: read once, since each file costs a slow box its time.

    ``node``: without links, and not ready. ``number``: of its file in udev's database.
    """

    stamp: Stamp
    root: Path
    device: AttachedDevice
    node: Node | None
    number: str | None


class Sysfs:
    """One look at a time; ``sys``, ``dev`` and ``run`` are where these trees are."""

    def __init__(self, sys: Path = Path("/sys"), dev: Path = Path("/dev"), run: Path = Path("/run")) -> None:
        self._sys = sys
        self._dev = dev
        self._run = run
        self._data = run / "udev" / "data"
        self._devices: dict[Path, tuple[Stamp, AttachedDevice]] = {}
        self._nodes: dict[Path, _Known] = {}

    def scan(self) -> list[AttachedDevice]:
        """Every device, its identity still to be found. What goes away meanwhile is left out. May wait for a device
        that is being reset: not for the event loop."""
        devices, nodes = self._devices, self._nodes
        self._devices, self._nodes = {}, {}
        found: dict[Path, _Found] = {}
        for folder in listed(self._sys / "bus" / "usb" / "devices"):
            if ":" not in folder.name and (stamp := stamp_of(folder)) is not None:
                self._add_device(folder, stamp, devices.get(folder), found)
        links, has_udev = self._links(), self.has_udev
        for each in found.values():
            if (whole := self._printer(each.device, has_udev)) is not None:
                each.nodes.append(whole)
        for class_name in CLASSES:
            for entry in listed(self._sys / "class" / class_name):
                known = self._known(class_name, entry, nodes.get(entry), found)
                if known is None:
                    continue
                if known.node is None or self._add_node(known, known.node, links, has_udev, found):
                    self._nodes[entry] = known  # not before: it may be half made
        return [
            replace(each.device, nodes=tuple(sorted(each.nodes, key=lambda node: natural(str(node.sysfs)))))
            for _, each in sorted(found.items(), key=lambda item: natural(str(item[0])))
        ]

    def signature(self) -> tuple[tuple[str, ...], ...]:
        """Names of all that could be a node: cheap, and another one when something came or went."""
        folders = [self._sys / "class" / name for name in CLASSES] + [self._sys / "bus" / "usb" / "devices"]
        return tuple(tuple(path.name for path in listed(folder)) for folder in folders)

    def is_same(self, device: AttachedDevice, node: Node) -> bool:
        """Whether a node still is this device's, as it was plugged in. Two small files: for the event loop."""
        return node.sysfs.is_dir() and self.is_attached(device)

    def is_attached(self, device: AttachedDevice) -> bool:
        """Whether it still is where it was found, as it was plugged in."""
        return self._generation(device.sysfs) == device.generation

    @property
    def has_udev(self) -> bool:
        """udevd runs: it gives nodes their links and permissions, and tells when they are ready."""
        return (self._run / "udev" / "control").exists()

    def _add_device(
        self, folder: Path, stamp: Stamp, before: tuple[Stamp, AttachedDevice] | None, found: dict[Path, _Found]
    ) -> None:
        if before is not None and before[0] == stamp and before[1].generation == self._generation(folder):
            device = before[1]
        else:
            root = folder.resolve()
            if not read_text(root / "idVendor") or read_text(root / "bDeviceClass") == HUB_CLASS:
                return
            device = self._usb_device(root)
        self._devices[folder] = stamp, device
        found[device.sysfs] = _Found(device)

    def _known(self, class_name: str, entry: Path, before: _Known | None, found: dict[Path, _Found]) -> _Known | None:
        """None: it is no node of a device, or went away in the middle."""
        pattern = _NODE_NAMES.get(class_name)
        if pattern is not None and not pattern.fullmatch(entry.name):
            return None
        if not (entry / "device").exists() or (stamp := stamp_of(entry)) is None:
            return None
        if class_name == "tty" and entry.name.startswith("ttyS") and read_text(entry / "type") == "0":
            return None  # a place for a UART, without one (PORT_UNKNOWN)
        if before is not None and before.stamp == stamp:
            now = found.get(before.root)
            if now is None or now.device == before.device:
                return before
        return self._read_node(class_name, entry, stamp, found)

    def _read_node(self, class_name: str, entry: Path, stamp: Stamp, found: dict[Path, _Found]) -> _Known:
        place = (entry / "device").resolve()
        kind: NodeKind | None = CLASSES[class_name]
        if kind is NodeKind.EVDEV and not is_keyboard(place):
            kind = None
        root = root_of(place)
        device = found[root].device if root in found else self._device(root)
        if device.bus == "box" and kind is None:
            return _Known(stamp, root, device, None, None)  # the power button, the lid
        path = self._dev / uevent_of(entry).get("DEVNAME", entry.name)
        usages = usages_of(place) if kind is NodeKind.HIDRAW else ()
        node = Node(path, kind, entry.resolve(), names=(by_id_name(device),), usages=usages, is_ready=False)
        return _Known(stamp, root, device, node, read_text(entry / "dev"))

    def _add_node(
        self, known: _Known, node: Node, links: Mapping[Path, list[Path]], has_udev: bool, found: dict[Path, _Found]
    ) -> bool:
        """Whether it is complete. What udev does to a node comes later, and can change: looked at anew."""
        own = tuple(links.get(node.path, ()))
        names = (*(link.name for link in own if link.parent.name == "by-id"), *node.names)
        is_ready = not has_udev or known.number is None or (self._data / f"c{known.number}").exists()
        node = replace(node, names=tuple(dict.fromkeys(names)), links=own, is_ready=is_ready)
        found.setdefault(known.root, _Found(known.device)).nodes.append(node)
        return is_ready and known.number is not None

    def _printer(self, device: AttachedDevice, has_udev: bool) -> Node | None:
        """The whole device, where it is a printer: there also while no driver of the kernel has it. Looked at anew:
        interfaces come after their device."""
        number = printer_number(device.sysfs)
        if number is None:
            return None
        path = self._dev / uevent_of(device.sysfs).get("DEVNAME", "none")
        is_ready = not has_udev or (self._data / f"c{number}").exists()
        return Node(path, NodeKind.USB_DEVICE, device.sysfs, names=(by_id_name(device),), is_ready=is_ready)

    def _device(self, root: Path) -> AttachedDevice:
        if (root / "idVendor").exists():
            return self._usb_device(root)
        if (match := HID_NAME.fullmatch(root.name)) is not None:
            return self._hid_device(root, match)
        devices = (self._sys / "devices").resolve()
        place = root.relative_to(devices) if root.is_relative_to(devices) else root
        return AttachedDevice("box", root, self._generation(root), identity=f"at:{place}")

    def _usb_device(self, root: Path) -> AttachedDevice:
        return AttachedDevice(
            "usb",
            root,
            self._generation(root),
            usb_id=f"{read_text(root / 'idVendor')}:{read_text(root / 'idProduct')}",
            serial=read_text(root / "serial"),
            manufacturer=read_text(root / "manufacturer"),
            product=read_text(root / "product"),
            version=read_text(root / "bcdDevice"),
            port=root.name,
            socket=socket_of(root),
        )

    def _hid_device(self, root: Path, match: re.Match[str]) -> AttachedDevice:
        told = uevent_of(root)
        is_bluetooth = match[1] == _BUS_BLUETOOTH
        unique = clean(told.get("HID_UNIQ", ""))
        return AttachedDevice(
            "bluetooth" if is_bluetooth else "hid",
            root,
            self._generation(root),
            usb_id=f"{match[2]}:{match[3]}".lower(),
            serial=None if is_bluetooth else unique,
            product=clean(told.get("HID_NAME", "")),
            socket=clean(told.get("HID_PHYS", "")),
            address=unique.upper() if is_bluetooth and unique else None,
        )

    def _generation(self, root: Path) -> str:
        """Of a USB device its address on the bus, which rises with each plug; else the number of its folder."""
        if (number := read_text(root / "devnum")) is not None:
            return number
        try:
            return str(root.stat().st_ino)
        except OSError:
            return "gone"

    def _links(self) -> dict[Path, list[Path]]:
        """By node, what udev links to it."""
        links: dict[Path, list[Path]] = {}
        for folder in ("serial/by-id", "serial/by-path", "input/by-id", "input/by-path"):
            for link in listed(self._dev / folder):
                links.setdefault(target_of(link), []).append(link)
        return links
