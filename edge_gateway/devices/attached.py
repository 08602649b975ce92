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


@dataclass(frozen=True, slots=True)
class Attached:
    """One node with a stable name. ``usb_id``: vendor:product in hex, None where it is no USB device."""

    path: Path
    node: str
    kind: str
    usb_id: str | None
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
        usb_id = _usb_id(sys / "class" / ("tty" if kind == "serial" else "input") / node.name / "device")
        fitting = tuple(profile.name for profile in profiles if _fits(profile, kind, path.name, usb_id))
        found.append(Attached(path, str(node), kind, usb_id, configured.get(str(node)), fitting))
    return found


def to_json(attached: Attached) -> Mapping[str, object]:
    """For ``--json``."""
    return {
        "path": str(attached.path),
        "node": attached.node,
        "kind": attached.kind,
        "usb_id": attached.usb_id,
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


def _fits(profile: Profile, kind: str, name: str, usb_id: str | None) -> bool:
    if getattr(profile.transport, kind) is None:
        return False
    return usb_id in profile.match.usb_ids or any(fnmatchcase(name, pattern) for pattern in profile.match.by_id)


def _usb_id(interface: Path) -> str | None:
    folder = interface.resolve()
    for _ in range(PARENTS_MAX):
        try:
            vendor, product = ((folder / name).read_text("ascii").strip() for name in ("idVendor", "idProduct"))
        except (OSError, UnicodeDecodeError):
            folder = folder.parent
            continue
        return f"{vendor}:{product}"
    return None
