"""Attached devices as they are told to people and programs: each with what the rule of claims says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_gateway.contracts.attached_report import AttachedReport, Claim, SeenDevice, SeenNode
from edge_gateway.devices.attached.claim_rule import Verdict, judge, take_as
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.profiles import Profile
from edge_gateway.settings_discovery import DiscoverySettings
from edge_gateway.settings_transports import TransportSettings


def survey(
    inventory: Inventory,
    settings: DiscoverySettings,
    configured: Mapping[str, TransportSettings],
    profiles: Sequence[Profile],
) -> AttachedReport:
    """What a gateway with these settings would say; nothing is opened."""
    devices = []
    for device in inventory:
        verdict = judge(device, settings, configured, profiles)
        if verdict.to_take is not None:
            entry = take_as(device, verdict.to_take, settings.lane)
            why = f"{verdict.why}: a running gateway takes it as {entry['id']}"
            verdict = Verdict(Claim.RECOGNISED, why, (), verdict.profiles)
        devices.append(seen(device, verdict))
    return AttachedReport(source="none", devices=tuple(devices))


def seen(device: AttachedDevice, verdict: Verdict) -> SeenDevice:
    """One device with its verdict."""
    return SeenDevice(
        identity=device.identity,
        bus=device.bus,
        usb_id=device.usb_id,
        serial=device.serial,
        manufacturer=device.manufacturer,
        product=device.product,
        port=device.port,
        address=device.address,
        nodes=tuple(
            SeenNode(
                path=str(node.path),
                kind=None if node.kind is None else node.kind.value,
                links=tuple(map(str, node.links)),
                usages=node.usages,
            )
            for node in device.nodes
        ),
        claim=verdict.claim,
        device_ids=verdict.device_ids,
        profiles=verdict.profiles,
        why=verdict.why,
        warning=device.warning,
    )
