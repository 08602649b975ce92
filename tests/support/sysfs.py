"""A box's /sys, /dev and /run in a directory, as the kernel and udev build them; devices are plugged and pulled.

Layout as on Debian 12 and 13: compare ``find /sys/bus/usb/devices/`` and ``/sys/class/{tty,hidraw,input,usbmisc}/``
of a real box. Nodes are symbolic links to whatever a test offers (a pty, a FIFO), or plain files.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_gateway.devices.attached.sysfs import Sysfs

KEYBOARD_KEYS = "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"
"""``capabilities/key`` of an ordinary keyboard."""
CONSUMER_KEYS = (
    "3f000301ff 0 0 483ffff17aff32d bfd4444600000000 1 130ff38b17d000 677bfad9415fed 19ed68000004400 10000002"
)
MOUSE_KEYS = "1f0000 0 0 0 0"
CONTROLLER = "pci0000:00/0000:00:14.0"

HID_POS_SCANNER = bytes.fromhex("058c0902a1010901150026ff007508953f8102c0")
"""Application collection 8c:02, one array of bytes."""
HID_SCALE = bytes.fromhex("058d0920a1010901150026ff00750895058102c0")
HID_KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810195067508150025650507190029658100c0"
)


@dataclass(frozen=True)
class Part:
    """One node of a device. ``far_end``: what its name in /dev leads to; ``data``: its descriptor, or its keys."""

    class_name: str
    interface: int = 0
    data: bytes | str = ""
    far_end: Path | None = None


@dataclass
class _Plugged:
    folders: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)


class FakeBox:
    """``sysfs`` reads it."""

    def __init__(self, root: Path, *, has_udev: bool = False) -> None:
        self.root = root
        self.sys, self.dev, self.run = root / "sys", root / "dev", root / "run"
        for folder in ("bus/usb/devices", "class/tty", "class/hidraw", "class/input", "class/usbmisc", "devices"):
            (self.sys / folder).mkdir(parents=True)
        self.dev.mkdir()
        if has_udev:
            (self.run / "udev" / "data").mkdir(parents=True)
            (self.run / "udev" / "control").touch()
        self.sysfs = Sysfs(self.sys, self.dev, self.run)
        self._plugged: dict[str, _Plugged] = {}
        self._addresses = 0
        self._hid_count = 0

    def plug_usb(
        self,
        port: str,
        usb_id: str,
        parts: Sequence[tuple[Part, str]] = (),
        *,
        serial: str | None = None,
        manufacturer: str | None = None,
        product: str | None = None,
        controller: str = CONTROLLER,
        device_class: str = "00",
        printer_protocols: Sequence[int] = (),
        is_ready: bool = True,
    ) -> Path:
        """``port``: such as 1-1.4; ``parts``: each with the kernel's name of its node; ``printer_protocols``: of each
        interface of class 7. Returns its folder."""
        bus, _, way = port.partition("-")
        hub = self.sys / "devices" / controller / f"usb{bus}"
        self._write(hub, {"idVendor": "1d6b", "idProduct": "0002", "bDeviceClass": "09", "serial": "0000:00:14.0"})
        self._link(self.sys / "bus/usb/devices" / f"usb{bus}", hub)
        folder, steps = hub, way.split(".")
        for count in range(1, len(steps) + 1):
            folder = folder / f"{bus}-{'.'.join(steps[:count])}"
            if count < len(steps) and not folder.exists():
                self._write(folder, {"idVendor": "05e3", "idProduct": "0608", "bDeviceClass": "09"})
                self._link(self.sys / "bus/usb/devices" / folder.name, folder)
        self._addresses += 1
        vendor, _, model = usb_id.partition(":")
        texts = {"serial": serial, "manufacturer": manufacturer, "product": product}
        self._write(
            folder,
            {"idVendor": vendor, "idProduct": model, "bDeviceClass": device_class, "bcdDevice": "0100"}
            | {"devnum": str(self._addresses)}
            | {name: text for name, text in texts.items() if text is not None},
        )
        plugged = self._plugged[port] = _Plugged([folder])
        plugged.links.append(self._link(self.sys / "bus/usb/devices" / port, folder))
        for protocol in printer_protocols:
            self._add_printer(plugged, folder, protocol, is_ready)
        hid: dict[int, str] = {}
        for part, name in parts:
            place = folder / f"{port}:1.{part.interface}"
            if part.class_name in ("hidraw", "input"):
                if part.interface not in hid:
                    self._hid_count += 1
                    hid[part.interface] = f"0003:{vendor.upper()}:{model.upper()}.{self._hid_count:04X}"
                place = place / hid[part.interface]
            self._add_node(plugged, place, part, name, is_ready)
        return folder

    def plug_hid(self, parts: Sequence[tuple[Part, str]], *, bus: str, usb_id: str, unique: str, name: str) -> Path:
        """A HID device that is no USB device to the kernel: over Bluetooth LE (BlueZ makes it by uhid), or virtual."""
        self._hid_count += 1
        key = f"{bus}:{usb_id.upper()}.{self._hid_count:04X}"
        folder = self.sys / "devices/virtual/misc/uhid" / key
        self._write(folder, {"uevent": f"HID_ID={bus}\nHID_NAME={name}\nHID_PHYS=phys-{unique}\nHID_UNIQ={unique}\n"})
        plugged = self._plugged[key] = _Plugged([folder])
        for part, node in parts:
            self._add_node(plugged, folder, part, node, is_ready=True)
        return folder

    def plug_port_of_the_box(self, name: str, kind: str = "4") -> None:
        """A UART; ``kind`` 0: only a place for one."""
        plugged = self._plugged[name] = _Plugged()
        place = self.sys / "devices/platform/serial8250" / f"serial8250:0.{name[-1]}"
        self._add_node(plugged, place, Part("tty"), name, is_ready=True)
        (self.sys / "class/tty" / name / "type").write_text(kind + "\n")

    def pull(self, port: str) -> None:
        """Everything of it is gone, as after a pull."""
        plugged = self._plugged.pop(port)
        for link in plugged.links:
            link.unlink()
        for folder in plugged.folders:
            shutil.rmtree(folder)

    def get_ready(self) -> None:
        """udev has done its work."""
        for path in (self.sys / "class").glob("*/*/dev"):
            (self.run / "udev" / "data" / f"c{path.read_text().strip()}").touch()

    def _add_printer(self, plugged: _Plugged, folder: Path, protocol: int, is_ready: bool) -> None:
        """An interface, and the node of usbfs that every USB device has."""
        count = len(list(folder.glob(f"{folder.name}:*")))
        told = {"bInterfaceClass": "07", "bInterfaceSubClass": "01", "bInterfaceProtocol": f"{protocol:02x}"}
        self._write(folder / f"{folder.name}:1.{count}", told)
        number, name = f"189:{self._addresses}", f"bus/usb/001/{self._addresses:03}"
        self._write(folder, {"dev": number, "uevent": f"DEVNAME={name}"})
        path = self.dev / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            plugged.links.append(path)
        if is_ready and self.run.exists():
            (self.run / "udev" / "data" / f"c{number}").touch()

    def _add_node(self, plugged: _Plugged, place: Path, part: Part, name: str, is_ready: bool) -> None:
        if part.class_name == "input":
            place = place / "input" / f"input{name.removeprefix('event')}"
            self._write(place / "capabilities", {"key": str(part.data) or KEYBOARD_KEYS})
        elif part.class_name == "hidraw":
            place.mkdir(parents=True, exist_ok=True)
            (place / "report_descriptor").write_bytes(part.data if isinstance(part.data, bytes) else part.data.encode())
        node_name = {"input": f"input/{name}", "usbmisc": f"usb/{name}"}.get(part.class_name, name)
        folder = place / part.class_name / name if part.class_name != "input" else place / name
        number = f"{sum(map(ord, part.class_name)) % 200}:{len(list((self.sys / 'class').glob('*/*')))}"
        self._write(folder, {"uevent": f"DEVNAME={node_name}\n", "dev": number})
        self._link(folder / "device", place)
        plugged.links.append(self._link(self.sys / "class" / part.class_name / name, folder))
        path = self.dev / node_name
        path.parent.mkdir(parents=True, exist_ok=True)
        if part.far_end is None:
            path.touch()
        else:
            path.symlink_to(part.far_end)
        plugged.links.append(path)
        if is_ready and self.run.exists():
            (self.run / "udev" / "data" / f"c{number}").touch()

    def _link(self, link: Path, target: Path) -> Path:
        if not link.is_symlink():
            link.symlink_to(target)
        return link

    def _write(self, folder: Path, values: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in values.items():
            (folder / name).write_text(text + "\n")
