"""Which profiles fit an attached device: exactly, so that it may be taken into use, or perhaps, as a suggestion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.devices.attached_device import AttachedDevice
from edge_gateway.devices.profile_model import SERIAL_CHIPS, Match, Profile

KINDS: Final = (NodeKind.HIDRAW, NodeKind.SERIAL, NodeKind.EVDEV)
"""Kinds of nodes that a profile's transports open, the one that tells most first. A profile says which it has."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One profile on one device. ``kind``: how it would be opened; None: this profile has no transport for it."""

    profile: Profile
    kind: NodeKind | None
    usage: str | None = None
    weight: int = 0
    """How many of its fields fit: a profile that asks for more knows better."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """``exact``: profiles that name this vendor and product, and whose other fields fit; the best alone, or several
    that are equally good. ``likely``: profiles that may fit."""

    exact: tuple[Fit, ...] = ()
    likely: tuple[Fit, ...] = ()
    is_chip: bool = field(default=False)
    """Its id is that of an adapter, which says nothing of what is behind it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all, the exact ones first."""
        return tuple(dict.fromkeys(fit.profile.name for fit in (*self.exact, *self.likely)))


def recognise(device: AttachedDevice, profiles: Iterable[Profile]) -> Recognition:
    """Looks at what the device says of itself; nothing is opened."""
    is_chip = device.usb_id in SERIAL_CHIPS
    exact: list[Fit] = []
    likely: list[Fit] = []
    for profile in profiles:
        match = profile.match
        if (match.usb_ids and device.usb_id not in match.usb_ids) or not _texts_fit(match, device):
            continue
        is_model = device.usb_id is not None and device.usb_id in match.usb_ids
        if is_model and not is_chip:
            exact.append(_fit(profile, device))
        elif is_model or (not match.usb_ids and _seems(match, device)):
            likely.append(_fit(profile, device))
    best = max((fit.weight for fit in exact), default=0)
    likely.sort(key=lambda fit: (fit.kind is None, -fit.weight, fit.profile.name))
    worse = [fit for fit in exact if fit.weight < best]
    return Recognition(tuple(fit for fit in exact if fit.weight == best), (*worse, *likely), is_chip)


def generic(device: AttachedDevice, profiles: Sequence[Profile]) -> tuple[str, ...]:
    """Profiles of no particular model that could speak over a node the device has, for a person to choose from."""
    kinds = {str(node.kind) for node in device.nodes if node.kind is not None}
    fitting = (profile for profile in profiles if kinds & set(profile.transport.kinds))
    return tuple(profile.name for profile in fitting if profile.name.startswith("generic-"))


def _fit(profile: Profile, device: AttachedDevice) -> Fit:
    match = profile.match
    given = (match.usb_ids, match.serial, match.manufacturer, match.product, match.usage, match.by_id)
    weight = sum(1 for values in given if values)
    usage = next((usage for usage in match.usage if _has_usage(device, usage)), None)
    for kind in KINDS:
        if str(kind) not in profile.transport.kinds or not device.nodes_of(kind):
            continue
        if kind is NodeKind.HIDRAW and usage is None and len(device.nodes_of(kind)) > 1:
            continue
        return Fit(profile, kind, usage if kind is NodeKind.HIDRAW else None, weight)
    return Fit(profile, None, None, weight)


def _texts_fit(match: Match, device: AttachedDevice) -> bool:
    """Every pattern field that is given has one pattern that fits; a usage, too."""
    for patterns, said in (
        (match.serial, device.serial),
        (match.manufacturer, device.manufacturer),
        (match.product, device.product),
    ):
        if patterns and not any(fnmatchcase((said or "").casefold(), pattern.casefold()) for pattern in patterns):
            return False
    return not match.usage or any(_has_usage(device, usage) for usage in match.usage)


def _seems(match: Match, device: AttachedDevice) -> bool:
    """Something positive fits, where no vendor and product are given."""
    names = {name for node in device.nodes for name in node.names}
    if any(fnmatchcase(name, pattern) for pattern in match.by_id for name in names):
        return True
    return bool(match.usage or match.manufacturer or match.product or match.serial)


def _has_usage(device: AttachedDevice, usage: str) -> bool:
    page, _, number = usage.partition(":")
    wanted = (int(page, 16), int(number, 16))
    return any(
        tuple(int(part, 16) for part in has.split(":")) == wanted for node in device.nodes for has in node.usages
    )
