"""The rule of claims: what may be opened at all. Configured, or named by a profile exactly; nothing else."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge_gateway.contracts.attached_report import Claim
from edge_gateway.contracts.attachment import NodeKind, parse_selector
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.recognition import Fit, Recognition, generic, recognise
from edge_gateway.devices.profile_model import Profile
from edge_gateway.settings_discovery import DiscoverySettings
from edge_gateway.settings_transports import TransportSettings

ID_CHARS_MAX: Final = 64
OFFERED_MAX: Final = 4
"""Names of profiles in one sentence of the list: more of them nobody reads."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.]+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``to_take``: how it would be taken, where the rule allows it. ``why``: in words, for the list."""

    claim: Claim
    why: str
    device_ids: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    to_take: Fit | None = None


def judge(
    device: AttachedDevice,
    settings: DiscoverySettings,
    configured: Mapping[str, TransportSettings],
    profiles: Sequence[Profile],
) -> Verdict:
    """``configured``: by device id, where each is attached."""
    ids = tuple(device_id for device_id, place in configured.items() if stands_for(place, device))
    found = recognise(device, profiles)
    if ids:
        return Verdict(Claim.CONFIGURED, f"configured as {' and '.join(ids)}", ids, found.names)
    ignoring = next((one for one in settings.ignore if device.fits(parse_selector(one), one)), None)
    if ignoring is not None:
        return Verdict(Claim.IGNORED, f"[discovery] ignore has {ignoring}", (), found.names)
    if found.exact:
        return _of_known(device, settings, found)
    return _of_unknown(device, found, profiles)


def stands_for(place: TransportSettings, device: AttachedDevice) -> bool:
    """Whether a transport's place is this device."""
    selector: str | None = getattr(place, "device", None)
    if selector is not None:
        return device.fits(parse_selector(selector), selector)
    path: Path | None = getattr(place, "path", None)
    return path is not None and any(
        path in (node.path, *node.links) or _resolved(path) == _resolved(node.path) for node in device.nodes
    )


def take_as(device: AttachedDevice, fit: Fit, lane: str) -> dict[str, Any]:
    """A ``[[device]]`` for it, as a person would have written it."""
    transport: dict[str, Any] = {"kind": str(fit.kind), "device": device.identity}
    if fit.usage is not None:
        transport["usage"] = fit.usage
    return {
        "id": device_id(fit.profile.device_class.value, device),
        "lane": lane,
        "profile": fit.profile.name,
        "transport": transport,
    }


def device_id(device_class: str, device: AttachedDevice) -> str:
    """A topic level made of class and identity: the same at each plug, on each box."""
    scheme, _, rest = device.identity.partition(":")
    serial = rest.split(":", 2)[2] if scheme in ("usb", "hid") and rest.count(":") >= 2 else ""
    if serial and _PLAIN.fullmatch(serial):
        text = f"{device_class}-{str(device.usb_id).replace(':', '-')}-{serial}"
    elif scheme == "bt":
        text = f"{device_class}-bt-{rest.replace(':', '')}"
    else:
        text = ""
    if text and len(text) <= ID_CHARS_MAX:
        return text
    number = hashlib.sha256(device.identity.encode()).hexdigest()[:8]
    model = f"{str(device.usb_id).replace(':', '-')}-" if device.usb_id else ""
    return f"{device_class}-{model}{number}"


def _of_known(device: AttachedDevice, settings: DiscoverySettings, found: Recognition) -> Verdict:
    fit = found.exact[0]
    named = _named(fit, device)
    if len(found.exact) > 1:
        names = " and ".join(each.profile.name for each in found.exact)
        by = f"name {device.usb_id}" if fit.is_model else f"are for its HID usage {fit.usage}"
        why = f"profiles {names} {by} and fit equally: configure it with one of them"
        return Verdict(Claim.RECOGNISED, why, (), found.names)
    if fit.kind is None:
        ways = ", ".join(fit.profile.transport.kinds) or "none"
        why = f"{named}, and has no way to open what it has ({_kinds(device)}); the profile's ways: {ways}"
        return Verdict(Claim.RECOGNISED, why, (), found.names)
    if settings.take != "exact":
        why = f"{named}; not taken, since [discovery] take is {settings.take}: {_adopt(device)}"
        return Verdict(Claim.RECOGNISED, why, (), found.names)
    if not all(node.is_ready for node in device.nodes):
        return Verdict(Claim.WAITING, f"{named}; udev is not done with it yet", (), found.names)
    return Verdict(Claim.TAKEN, named, (), found.names, fit)


def _named(fit: Fit, device: AttachedDevice) -> str:
    """What makes the match exact."""
    if fit.is_model:
        return f"profile {fit.profile.name} names {device.usb_id}"
    return f"profile {fit.profile.name} is for its HID usage {fit.usage}, whoever made it"


def _of_unknown(device: AttachedDevice, found: Recognition, profiles: Sequence[Profile]) -> Verdict:
    names = tuple(fit.profile.name for fit in found.likely if fit.kind is not None)
    others = names or generic(device, profiles)
    may = f"{_listed(others)} may fit: {_adopt(device)}" if others else ""
    if not any(node.kind is not None for node in device.nodes):
        return Verdict(Claim.UNKNOWN, "has nothing that the gateway could open", (), ())
    if found.is_chip:
        why = f"{device.usb_id} is a serial adapter, which says nothing of what is behind it"
    elif device.nodes_of(NodeKind.EVDEV) and not names:
        why = "may be a person's keyboard: one is taken only if a scanner's profile names its vendor and product"
    elif device.bus == "box":
        why = "a port of the box, which says nothing of what is behind it"
    else:
        why = f"no profile fits {device.usb_id or device.title} and what it says of itself"
    claim = Claim.POSSIBLE if others else Claim.UNKNOWN
    return Verdict(claim, "; ".join(part for part in (why, may) if part), (), others)


def _adopt(device: AttachedDevice) -> str:
    return f"edge-gateway devices adopt {shlex.quote(device.identity)}"


def _listed(names: Iterable[str]) -> str:
    """The likeliest; the others have their names in `profiles` of the report."""
    shown, left = list(names)[:OFFERED_MAX], len(list(names)) - OFFERED_MAX
    more = f" or one of {left} others" if left > 1 else ""
    return f"profile {' or '.join(shown)}{more}"


def _kinds(device: AttachedDevice) -> str:
    return ", ".join(sorted({node.kind.transport for node in device.nodes if node.kind is not None})) or "no node"


def _resolved(path: Path) -> str:
    """Where links lead; a loop of links leads to itself."""
    return os.path.realpath(path)
