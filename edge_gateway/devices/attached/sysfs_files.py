"""Single files, links and places of sysfs, as the device they belong to gives them: bounded, and never raising."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from edge_gateway.contracts.hid_report_descriptor import parse_report_descriptor, usage_text
from edge_gateway.devices.attached.device import AttachedDevice

TEXT_CHARS_MAX = 126
"""Of what a device says: a USB string descriptor holds no more."""
PARENTS_MAX = 24
"""How far above a node its device stands at most: hubs behind hubs (7 tiers) on a bus behind bridges."""
DESCRIPTOR_BYTES_MAX = 4096
"""HID_MAX_DESCRIPTOR_SIZE of Linux."""

HID_NAME = re.compile(r"([0-9A-F]{4}):([0-9A-F]{4}):([0-9A-F]{4})\.[0-9A-F]+")
_BUS_USB = "0003"
_RADIO_LINK = re.compile(r"hci\d+:\d+|rfcomm\d+")
_COUNTED_CONTROLLER = re.compile(r"xhci-hcd\.\d+(\.auto)?|.*\.auto")
"""Names that are counted up in the order of probing; the device above has its address for a name."""
_USB_VERSIONS = {"0001": "usb1", "0002": "usb2", "0003": "usb3"}
"""Product id of a root hub, of vendor 1d6b: one controller has a bus for each version, with sockets counted apart."""

# linux/input-event-codes.h: KEY_1 to KEY_0, KEY_ENTER, KEY_A: what every keyboard has, and what a code needs.
_KEYBOARD: int = sum(1 << key for key in (*range(2, 12), 28, 30))


_PRINTER_CLASS = "07"
_PRINTER_PROTOCOLS = frozenset({"01", "02"})
"""Bytes one way and both ways; others speak in packets (Printing Devices 1.1, 4.2.1; IPP over USB)."""

Stamp = tuple[int, int, str]
"""A folder of sysfs as it was made: another one when the device was plugged in again, under whatever name."""


def root_of(place: Path) -> Path:
    """The device that an interface belongs to: the USB device above it, a HID device of another bus, or itself."""
    hid = None
    for folder in (place, *list(place.parents)[:PARENTS_MAX]):
        if (match := HID_NAME.fullmatch(folder.name)) is not None:
            hid = folder
            if match[1] != _BUS_USB:
                return folder
        if _RADIO_LINK.fullmatch(folder.name):
            return place  # above it is only the box's own radio
        if (folder / "idVendor").exists():
            return folder
    return hid or place


def socket_of(root: Path) -> str | None:
    """``0000:00:14.0/usb2/1.4``: controller, version of USB, and the way through the hubs. Numbers of buses are given
    in the order of probing, and are no part of it."""
    bus, _, way = root.name.partition("-")
    hub = next((folder for folder in root.parents if folder.name == f"usb{bus}"), None)
    if hub is None or not way:
        return None
    controller = hub.parent
    if _COUNTED_CONTROLLER.fullmatch(controller.name):
        controller = controller.parent
    version = _USB_VERSIONS.get(read_text(hub / "idProduct") or "", "usb")
    return f"{controller.name}/{version}/{way}"


def printer_number(root: Path) -> str | None:
    """The number of a USB device's node, if one of its interfaces is a printer's."""
    for interface in root.glob(f"{root.name}:*"):
        is_printer = read_text(interface / "bInterfaceClass") == _PRINTER_CLASS
        if is_printer and read_text(interface / "bInterfaceProtocol") in _PRINTER_PROTOCOLS:
            return read_text(root / "dev")
    return None


def is_keyboard(place: Path) -> bool:
    """From ``capabilities/key``: words in hexadecimal, the highest first, of as many bits as the kernel's long has."""
    words = (read_text(place / "capabilities" / "key", chars_max=1024) or "").split()
    try:
        lowest = int(words[-1], 16) if words else 0
    except ValueError:
        return False
    return (lowest & _KEYBOARD) == _KEYBOARD


def usages_of(place: Path) -> tuple[str, ...]:
    """Top-level collections of the report descriptor."""
    try:
        with (place / "report_descriptor").open("rb") as file:
            descriptor = file.read(DESCRIPTOR_BYTES_MAX)
    except OSError:
        return ()
    return tuple(dict.fromkeys(map(usage_text, parse_report_descriptor(descriptor).applications)))


def by_id_name(device: AttachedDevice) -> str:
    """As udev names a link: vendor, product and serial number, with _ for what it does not take."""
    said = "_".join(part for part in (device.manufacturer, device.product, device.serial) if part)
    return f"{device.bus}-{re.sub(r'[^A-Za-z0-9#+.:=@_-]', '_', said)}"


def natural(text: str) -> list[tuple[int, str]]:
    """Interface 10 after interface 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


def listed(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return
    yield from (folder / name for name in names)


def target_of(link: Path) -> Path:
    """One step, which is all that udev's links have."""
    try:
        return Path(os.path.normpath(link.parent / link.readlink()))
    except OSError:
        return link


def stamp_of(entry: Path) -> Stamp | None:
    """Of the folder that a link of sysfs leads to; None: it went away."""
    try:
        about = entry.stat()
        return about.st_ino, about.st_ctime_ns, str(entry.readlink())
    except OSError:
        return None


def uevent_of(folder: Path) -> dict[str, str]:
    try:
        text = (folder / "uevent").read_text("utf-8", errors="replace")
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def read_text(attribute: Path, chars_max: int = TEXT_CHARS_MAX) -> str | None:
    try:
        text = attribute.read_text("utf-8", errors="replace")
    except OSError:
        return None
    return clean(text, chars_max)


def clean(text: str, chars_max: int = TEXT_CHARS_MAX) -> str | None:
    """One line, without what a device could do to a terminal with it."""
    text = text.strip()[:chars_max]
    return "".join(character if character.isprintable() else "?" for character in text) or None
