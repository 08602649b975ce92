"""Checks of what is attached: each device that is used, or would be, has its nodes, and they are open to this user."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge_gateway.contracts.attached_report import Claim
from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.survey import survey
from edge_gateway.devices.profiles import load_profiles
from edge_gateway.devices.resolving import ResolvedDevice, resolve_devices
from edge_gateway.diagnosis.findings import Finding, failed, fine, warning
from edge_gateway.settings import GatewaySettings

RULES = "install systemd/edge-gateway.udev.rules, then: udevadm control --reload; udevadm trigger -s hidraw"
_OPENED = {kind.value for kind in (NodeKind.SERIAL, NodeKind.EVDEV, NodeKind.HIDRAW)}


def check_attached(settings: GatewaySettings, inventory: Inventory) -> Iterator[Finding]:
    """Of an inventory that was just refreshed. Nothing is opened: opening a serial port can reset what is behind it."""
    if not inventory.sysfs.has_udev:
        remedy = "none, in a container; else start systemd-udevd, which also gives nodes their groups"
        yield warning("hot plug", "udev does not run: what is plugged in is found by looking, within 2 s", remedy)
    try:
        resolved = resolve_devices(settings.device, settings.profile_directories)
    except ConfigError:
        return  # told as problems of the configuration
    yield from _check_selected(resolved, inventory)
    yield from _check_to_be_taken(settings, resolved, inventory)


def _check_selected(resolved: Sequence[ResolvedDevice], inventory: Inventory) -> Iterator[Finding]:
    """Devices that are configured by ``device``; those with a path are looked at there."""
    for device, _, transport, _ in resolved:
        selector: str | None = getattr(transport, "device", None)
        if selector is None or transport.kind not in _OPENED:
            continue
        name, kind = f"device {device.id}", NodeKind(transport.kind)
        usage: str | None = getattr(transport, "usage", None)
        nodes = inventory.find(selector, kind, usage)
        if not nodes:
            yield failed(name, inventory.explain(selector, kind, usage), "edge-gateway devices shows what is attached")
        else:
            now = ", ".join(map(str, nodes))
            yield _first_problem(name, nodes) or fine(name, f"{selector} (now {now})")


def _check_to_be_taken(
    settings: GatewaySettings, resolved: Sequence[ResolvedDevice], inventory: Inventory
) -> Iterator[Finding]:
    places = {device.id: transport for device, _, transport, _ in resolved}
    report = survey(inventory, settings.discovery, places, load_profiles(settings.profile_directories))
    for seen in report.devices:
        name = f"attached {seen.identity}"
        if seen.warning is not None:
            yield warning(name, seen.warning, "have its serial number set anew, or leave each in its socket")
        if seen.claim is Claim.RECOGNISED:
            nodes = [Path(node.path) for node in seen.nodes if node.kind in _OPENED]
            if (problem := _first_problem(name, nodes)) is not None:
                yield problem


def _first_problem(name: str, nodes: Sequence[Path]) -> Finding | None:
    for node in nodes:
        if not os.access(node, os.R_OK | os.W_OK):
            group = _group(node)
            remedy = f"add the gateway's user to the group {group} (usermod -a -G), then restart the gateway"
            if node.name.startswith("hidraw") and group == "root":
                remedy = RULES
            return failed(name, f"{node} may not be opened by this user (group {group})", remedy)
    return None


def _group(node: Path) -> str:
    try:
        return node.group()
    except (OSError, KeyError):
        return "unknown"
