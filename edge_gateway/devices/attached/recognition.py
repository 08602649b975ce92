"""Which profiles fit an attached device: exactly, so that it may be taken into use, or perhaps, as a suggestion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.profile_model import SERIAL_CHIPS, Match, Profile

READ_BY_USAGE: Final = ("8c:02", "8d:")
"""Beginnings of HID usages that say what the reports are, whoever made the device: a bar code scanner, any scale (USB
HID Point of Sale Usage Tables 1.02, chapters 4 and 5). Not keyboards, which are people's too."""
CARD_READER_PAGE: Final = "8e:"
"""What has this anywhere is never taken for its other usages: a scanner's node must not lead to card data."""
KEYBOARD_USAGE: Final = "01:06"
"""On the same node: what a person types would be read with the codes."""
MODEL_WEIGHT: Final = 10
"""A profile that names vendor and product knows better than any that does not, however much fits of that one."""
OFFERED_FIRST: Final = ("generic-serial-scanner", "generic-escpos", "generic-nci-ecr", "generic-mt-sics")
"""Where a port says nothing: one for each class of device, then the scales' next most frequent."""

KINDS: Final = (NodeKind.HIDRAW, NodeKind.USB_PRINTER, NodeKind.SERIAL, NodeKind.EVDEV)
"""Kinds of nodes that a profile's transports open, the one that tells most first. A profile says which it has."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One profile on one device. ``kind``: how it would be opened; None: this profile has no transport for it."""

    profile: Profile
    kind: NodeKind | None
    usage: str | None = None
    weight: int = 0
    """How many of its fields fit: a profile that asks for more knows better."""
    is_model: bool = True
    """It names this vendor and product; False: what the reports are is a standard's, and known by the HID usage."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """``exact``: profiles that name this vendor and product, or a HID usage that says all, and whose other fields fit;
    of those that can open what it has the best alone, or several that are equally good. ``likely``: others that may
    fit."""

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
        is_model = device.usb_id in match.usb_ids
        if not is_model and (match.usb_ids or not _seems(match, device)):
            continue
        if not _texts_fit(match, device):
            continue
        fit = _fit(profile, device, is_model=is_model)
        if not is_chip and (is_model or _is_read_by_usage(fit, device)):
            exact.append(fit)
        else:
            likely.append(fit)
    # A model in a mode that its profile does not know can still be read by what its node says.
    usable = [fit for fit in exact if fit.kind is not None] or exact
    best = max((fit.weight for fit in usable), default=0)
    chosen = tuple(fit for fit in usable if fit.weight == best)
    likely.sort(key=lambda fit: (fit.kind is None, -fit.weight, fit.profile.name))
    others = [fit for fit in exact if fit not in chosen]
    return Recognition(chosen, (*others, *likely), is_chip)


def generic(device: AttachedDevice, profiles: Sequence[Profile]) -> tuple[str, ...]:
    """Profiles of no particular model that could speak over a node the device has, for a person to choose from."""
    kinds = {node.kind.transport for node in device.nodes if node.kind is not None}
    names = {
        profile.name
        for profile in profiles
        if profile.name.startswith("generic-")
        and any(map(profile.transport.has, kinds))
        and (profile.transport.ble is None or device.bus == "bluetooth")  # it inherits what is no way of its own
        and _texts_fit(profile.match, device)
    }
    first = tuple(name for name in OFFERED_FIRST if name in names)
    return first + tuple(sorted(names.difference(first)))


def _is_read_by_usage(fit: Fit, device: AttachedDevice) -> bool:
    """The profile asks for a usage whose reports a standard lays down, and this is how it would be opened."""
    if fit.usage is None or not fit.usage.startswith(READ_BY_USAGE):
        return False
    beside = {usage for node in device.nodes if fit.usage in node.usages for usage in node.usages}
    has_cards = any(usage.startswith(CARD_READER_PAGE) for node in device.nodes for usage in node.usages)
    return not has_cards and KEYBOARD_USAGE not in beside


def _fit(profile: Profile, device: AttachedDevice, *, is_model: bool) -> Fit:
    match = profile.match
    given = (match.usb_ids, match.serial, match.manufacturer, match.product, match.usage, match.by_id)
    weight = sum(1 for values in given if values) + (MODEL_WEIGHT if is_model else 0)
    usage = next((usage for usage in match.usage if _has_usage(device, usage)), None)
    for kind in KINDS:
        if not profile.transport.has(kind) or not device.can_be_opened_by(kind):
            continue
        if kind is NodeKind.HIDRAW and usage is None and len(device.nodes_of(kind)) > 1:
            continue
        return Fit(profile, kind, usage if kind is NodeKind.HIDRAW else None, weight, is_model)
    return Fit(profile, None, None, weight, is_model)


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
    if match.usage or match.manufacturer or match.product or match.serial:
        return True
    return any(fnmatchcase(name, pattern) for pattern in match.by_id for node in device.nodes for name in node.names)


def _has_usage(device: AttachedDevice, usage: str) -> bool:
    page, _, number = usage.partition(":")
    wanted = (int(page, 16), int(number, 16))
    return any(
        tuple(int(part, 16) for part in has.split(":")) == wanted for node in device.nodes for has in node.usages
    )
