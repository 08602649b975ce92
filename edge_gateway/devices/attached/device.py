"""What is attached to the box: one record for each physical device, with all its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_gateway.contracts.attachment import NodeKind, Selector


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a device. ``kind``: None for what nobody here opens (a mouse, the volume keys of a keyboard)."""

    path: Path
    kind: NodeKind | None
    sysfs: Path
    """Its place in sysfs, below its device's."""
    names: tuple[str, ...] = ()
    """Names that udev gives it below by-id, or would give it."""
    links: tuple[Path, ...] = ()
    """The stable links that lead to it now."""
    usages: tuple[str, ...] = ()
    """Of a HID node: its top-level collections, such as 8c:02."""
    is_ready: bool = True
    """False while udev still has to give it its permissions and links."""


@dataclass(frozen=True, slots=True)
class AttachedDevice:
    """One physical device, as the kernel has read it. ``bus``: usb, bluetooth, hid (of no bus that is known) or box (a
    part of the machine)."""

    bus: str
    sysfs: Path
    generation: str
    """Another one each time the device is plugged in."""
    identity: str = ""
    """The selector that stands for it for good."""
    usb_id: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    version: str | None = None
    """bcdDevice: often, and not always, the firmware's."""
    port: str | None = None
    """The socket as the kernel names it, such as 1-1.4; its bus number can change with a boot."""
    socket: str | None = None
    """The socket by its host controller, which stays."""
    address: str | None = None
    """Of a Bluetooth device."""
    nodes: tuple[Node, ...] = ()
    warning: str | None = None

    def nodes_of(self, kind: NodeKind) -> tuple[Node, ...]:
        """In the order of the device's interfaces."""
        return tuple(node for node in self.nodes if node.kind is kind)

    def can_be_opened_by(self, transport: str) -> bool:
        """By a transport of this kind."""
        return any(node.kind is not None and node.kind.transport == transport for node in self.nodes)

    @property
    def title(self) -> str:
        """For people: what it says it is."""
        said = " ".join(part for part in (self.manufacturer, self.product) if part)
        return said or {"usb": "a USB device", "bluetooth": "a Bluetooth device", "hid": "a HID device"}.get(
            self.bus, "a part of the box"
        )

    def fits(self, selector: Selector, text: str) -> bool:
        """Whether a selector stands for it, perhaps for others too."""
        bare = text.rpartition("#")[0] if selector.node is not None else text
        if bare == self.identity:
            return True
        match selector.scheme:
            case "usb":
                is_id = self.bus == "usb" and self.usb_id == selector.usb_id
                return is_id and selector.serial in (None, self.serial)
            case "hid":
                is_id = self.bus == "hid" and self.usb_id == selector.usb_id
                return is_id and selector.serial in (None, self.serial)
            case "usb-port":
                is_place = selector.place is not None and selector.place in (self.port, self.socket)
                return is_place and selector.usb_id in (None, self.usb_id)
            case "bt":
                return self.address == selector.place
        return False
