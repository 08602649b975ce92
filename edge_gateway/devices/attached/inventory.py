"""The devices that are attached now, in memory; finds the nodes of the one that a selector stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
        self.announced: Callable[[], tuple[str, ...]] = tuple
        """Who knows the addresses of the network where somebody announces itself now."""
        self._doubted: set[tuple[Path, str]] = set()
        self.clones: set[str] = set()
        """Identities by serial number that more than one device was seen with."""

    def __iter__(self) -> Iterator[AttachedDevice]:
        return iter(self._devices)

    def announced_addresses(self) -> tuple[str, ...]:
        return self.announced()

    def refresh(self) -> bool:
        """Look and take over at once: for tools, and for tests. True: something came, went or changed."""
        return self.take_over(self.sysfs.scan())

    def take_over(self, found: list[AttachedDevice]) -> bool:
        """What a scan found becomes what is attached."""
        found = self._without_movers(found)
        before, self._devices = self._devices, tuple(identify(found, self.clones))
        return self._devices != before

    def _without_movers(self, found: list[AttachedDevice]) -> list[AttachedDevice]:
        """A device that moves during a look is found at both sockets, and a hub may tell late that it left one: two
        are clones only where both were there at two looks. Until then, what came last is left out."""
        twins: dict[str, list[AttachedDevice]] = {}
        for device in found:
            if (own := by_serial(device)) is not None:
                twins.setdefault(own, []).append(device)
        known = {(device.sysfs, device.generation) for device in self._devices}
        left_out: set[tuple[Path, str]] = set()
        doubted: set[tuple[Path, str]] = set()
        for own, devices in twins.items():
            if len(devices) < 2:
                continue
            there = {(each.sysfs, each.generation) for each in devices if self.sysfs.is_attached(each)}
            left_out |= {(each.sysfs, each.generation) for each in devices} - there
            new = there - known - self._doubted
            if len(there) > 1 and new and there & known and own not in self.clones:
                left_out |= new
                doubted |= new
            elif len(there) > 1 and len(self.clones) < CLONES_MAX:
                self.clones.add(own)
        self._doubted = doubted
        return [device for device in found if (device.sysfs, device.generation) not in left_out]

    @property
    def is_in_doubt(self) -> bool:
        """Look again soon: two devices may be one that moved."""
        return bool(self._doubted)

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
