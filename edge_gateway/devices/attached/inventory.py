"""The devices that are attached now, in memory; finds the nodes of the one that a selector stands for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_gateway.contracts.attachment import NodeKind, parse_selector
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.identity import by_serial, identify
from edge_gateway.devices.attached.sysfs import Sysfs

CLONES_MAX = 256
"""Serial numbers remembered as useless: far more than a store has devices."""


class Inventory:
    """Implements ``contracts.attachment.Locator``. ``look`` may be called in a thread; the rest on the loop."""

    def __init__(self, sysfs: Sysfs | None = None) -> None:
        self.sysfs = sysfs or Sysfs()
        self._devices: tuple[AttachedDevice, ...] = ()
        self.clones: set[str] = set()
        """Identities by serial number that more than one device was seen with."""

    def __iter__(self) -> Iterator[AttachedDevice]:
        return iter(self._devices)

    def refresh(self) -> bool:
        """Look and take over at once: for tools, and for tests. True: something came, went or changed."""
        return self.take_over(self.sysfs.scan())

    def take_over(self, found: list[AttachedDevice]) -> bool:
        """What a scan found becomes what is attached."""
        seen: set[str] = set()
        for device in found:
            if (own := by_serial(device)) is not None:
                if own in seen and len(self.clones) < CLONES_MAX:
                    self.clones.add(own)
                seen.add(own)
        before, self._devices = self._devices, tuple(identify(found, self.clones))
        return self._devices != before

    def matching(self, selector: str) -> tuple[AttachedDevice, ...]:
        """Every device that a selector fits."""
        parsed = parse_selector(selector)
        return tuple(device for device in self._devices if device.fits(parsed, selector))

    def find(self, selector: str, kind: NodeKind, usage: str | None = None) -> tuple[Path, ...]:
        devices = self.matching(selector)
        if len(devices) != 1:
            return ()
        nodes = tuple(node for node in devices[0].nodes_of(kind) if usage is None or usage in node.usages)
        wanted = parse_selector(selector).node
        if wanted is not None:
            nodes = nodes[wanted : wanted + 1]
        return tuple(node.path for node in nodes) if all(self.sysfs.is_same(devices[0], node) for node in nodes) else ()

    def explain(self, selector: str, kind: NodeKind, usage: str | None = None) -> str:
        devices = self.matching(selector)
        if not devices:
            return f"{selector} is not attached; plug it in, or see edge-gateway devices"
        if len(devices) > 1:
            choices = ", ".join(
                f"usb-port:{device.port}" if device.bus == "usb" else device.identity for device in devices
            )
            return f"{len(devices)} attached devices fit {selector}; say which: {choices}"
        has = sorted({" ".join([str(node.kind), *node.usages]) for node in devices[0].nodes if node.kind is not None})
        words = f"it has {' and '.join(has)}" if has else "it has none that can be opened"
        wanted = f"{kind} {usage}" if usage else str(kind)
        return f"{selector} ({devices[0].title}) has no {wanted} node; {words}"
