"""What is plugged into this box, by its stable names, and which profiles may fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from edge_gateway.devices.profiles import Profile, load_profile, profile_names
from edge_gateway.settings import DeviceSettings

PARENTS_MAX = 6
"""How far above an interface in sysfs the USB device itself stands at most."""
TEXT_CHARS_MAX = 126
"""Of what a device says: a USB string descriptor holds no more."""


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """What a USB device says of itself, as the kernel has read it. ``id``: vendor:product in hex."""

    id: str
    vendor: str | None
    model: str | None
    serial: str | None

    def __str__(self) -> str:
        serial = f"serial {self.serial}" if self.serial else None
        return ", ".join(part for part in (f"USB {self.id}", self.vendor, self.model, serial) if part)


@dataclass(frozen=True, slots=True)
class Attached:
    """One node with a stable name. ``usb``: None where it is no USB device."""

    path: Path
    node: str
    kind: str
    usb: UsbDevice | None
    device_id: str | None
    profiles: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Configured, recognised, or neither, in words."""
        if self.device_id is not None:
            return f"configured as {self.device_id}"
        if self.profiles:
            return f"not configured; profile {' or '.join(self.profiles)} may fit"
        return "not configured, and no profile names it; a generic profile may fit"


def list_attached(
    devices: Sequence[DeviceSettings],
    profile_directories: Sequence[Path] = (),
    *,
    dev: Path = Path("/dev"),
    sys: Path = Path("/sys"),
) -> list[Attached]:
    """Serial ports and keyboards. Reads names and ids only: nothing is opened."""
    configured = {
        str(Path(str(device.transport["path"])).resolve()): device.id
        for device in devices
        if "path" in device.transport
    }
    profiles = [load_profile(name, profile_directories) for name in profile_names(profile_directories)]
    found = []
    for kind, path in _stable_names(dev):
        node = path.resolve()
        usb = _usb_device(sys / "class" / ("tty" if kind == "serial" else "input") / node.name / "device")
        fitting = tuple(profile.name for profile in profiles if _fits(profile, kind, path.name, usb))
        found.append(Attached(path, str(node), kind, usb, configured.get(str(node)), fitting))
    return found


def to_json(attached: Attached) -> Mapping[str, object]:
    """For ``--json``."""
    return {
        "path": str(attached.path),
        "node": attached.node,
        "kind": attached.kind,
        "usb_id": attached.usb.id if attached.usb else None,
        "vendor": attached.usb.vendor if attached.usb else None,
        "model": attached.usb.model if attached.usb else None,
        "serial": attached.usb.serial if attached.usb else None,
        "configured_as": attached.device_id,
        "profiles": list(attached.profiles),
        "verdict": attached.verdict,
    }


def _stable_names(dev: Path) -> Iterator[tuple[str, Path]]:
    """udev makes these folders when the first such device is plugged in."""
    for kind, folder, pattern in (
        ("serial", dev / "serial" / "by-id", "*"),
        ("evdev", dev / "input" / "by-id", "*-kbd"),
    ):
        if folder.is_dir():
            yield from ((kind, path) for path in sorted(folder.glob(pattern)))


def _fits(profile: Profile, kind: str, name: str, usb: UsbDevice | None) -> bool:
    if getattr(profile.transport, kind) is None:
        return False
    is_known_id = usb is not None and usb.id in profile.match.usb_ids
    return is_known_id or any(fnmatchcase(name, pattern) for pattern in profile.match.by_id)


def _usb_device(interface: Path) -> UsbDevice | None:
    """The device that an interface in sysfs belongs to. The kernel keeps these, whether udev runs or not."""
    folder = interface.resolve()
    for _ in range(PARENTS_MAX):
        vendor_id, product_id = _said(folder / "idVendor"), _said(folder / "idProduct")
        if vendor_id and product_id:
            vendor, model, serial = (_said(folder / name) for name in ("manufacturer", "product", "serial"))
            return UsbDevice(f"{vendor_id}:{product_id}", vendor, model, serial)
        folder = folder.parent
    return None


def _said(attribute: Path) -> str | None:
    """One line, without what a device could do to a terminal with it."""
    try:
        text = attribute.read_text("utf-8", errors="replace").strip()
    except OSError:
        return None
    return "".join(character if character.isprintable() else "?" for character in text[:TEXT_CHARS_MAX]) or None
