"""Adopting an attached device: the ``[[device]]`` for it and, where its model is unknown, a firmware profile to begin
with. Only text is made here; a person reads it before it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.contracts.fields import in_words
from edge_gateway.devices.attached.claim_rule import device_id
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.recognition import KINDS, generic, recognise
from edge_gateway.devices.profile_model import SERIAL_CHIPS, Profile
from edge_gateway.settings import Name
from edge_gateway.settings_parts import LaneName

NAME_CHARS_MAX: Final = 64
POINT_OF_SALE_PAGES: Final = frozenset({"8c", "8d", "8e"})
"""HID usage pages of bar code scanners, scales and card readers (USB HID POS Usage Tables 1.02)."""


class NoAdoptionError(Exception):
    """It cannot be adopted as asked; the text says what to give."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """``section``: the ``[[device]]``. ``stub``: the profile that it needs and nobody has, with its name; or none."""

    section: str
    profile: str
    stub: str | None = None


def adopt(
    device: AttachedDevice,
    profiles: Sequence[Profile],
    *,
    profile_name: str | None = None,
    lane: str = "shared",
    own_id: str | None = None,
) -> Adoption:
    """Raises NoAdoptionError with what is missing."""
    found = recognise(device, profiles)
    fits = [fit for fit in (*found.exact, *found.likely) if fit.kind is not None]
    named = next((fit for fit in fits if profile_name in (None, fit.profile.name)), None)
    if named is not None and (named in found.exact or profile_name is not None):
        profile, usage, stub = named.profile, named.usage, None
    else:
        profile = _base(device, profiles, profile_name or (named.profile.name if named else None))
        usage = next(iter(profile.match.usage), None)
        stub = _stub(device, profile)
    name = profile.name if stub is None else stub[0]
    entry_id = own_id or device_id(profile.device_class.value, device)
    _check_names(entry_id, lane)
    section = _section(device, profile, name, usage, lane, entry_id)
    return Adoption(section, name, None if stub is None else stub[1])


def _check_names(entry_id: str, lane: str) -> None:
    """The section would be refused with another."""
    for option, name, kind in (("--id", entry_id, Name), ("--lane", lane, LaneName)):
        try:
            TypeAdapter(kind).validate_python(name)
        except ValidationError as error:
            expected = in_words(error.errors(include_url=False)[0])
            raise NoAdoptionError(f"{option} {name!r}: {expected}") from error


def _base(device: AttachedDevice, profiles: Sequence[Profile], name: str | None) -> Profile:
    choices = [name] if name is not None else list(generic(device, profiles))
    has = sorted({node.kind.transport for node in device.nodes if node.kind is not None})
    if not has:
        raise NoAdoptionError(f"{device.identity} ({device.title}) has no node that the gateway could open")
    if len(choices) != 1:
        known = ", ".join(choices) or "none"
        raise NoAdoptionError(
            f"{device.identity} ({device.title}) has {' and '.join(has)}, which does not say what it is: "
            f"give --profile; generic ones that could: {known}"
        )
    profile = next((each for each in profiles if each.name == choices[0]), None)
    if profile is None:
        raise NoAdoptionError(f"no profile {choices[0]!r}; there are: {', '.join(each.name for each in profiles)}")
    if not set(has) & set(profile.transport.kinds):
        ways = " or ".join(profile.transport.kinds)
        raise NoAdoptionError(f"profile {profile.name} speaks over {ways}; {device.identity} has {' and '.join(has)}")
    return profile


def _stub(device: AttachedDevice, base: Profile) -> tuple[str, str] | None:
    """None where the device's ids say nothing of the model: an adapter, a port of the box."""
    if device.usb_id is None or device.usb_id in SERIAL_CHIPS:
        return None
    vendor, model = device.manufacturer or f"USB vendor {device.usb_id[:4]}", device.product or device.usb_id
    words = re.sub(r"[^a-z0-9]+", "-", f"{vendor} {model}".lower()).strip("-")[: NAME_CHARS_MAX - 10]
    name = f"{words}-{device.usb_id.replace(':', '-')}" if words else device.usb_id.replace(":", "-")
    said = ", ".join(part for part in (f"USB {device.usb_id}", device.manufacturer, device.product) if part)
    lines = [
        "# Written by edge-gateway devices adopt: a beginning. Try the device, set what differs from the profile that",
        "# it extends, and give the document where the settings come from as its source.",
        f"name = {_text(name)}",
        f"extends = {_text(base.name)}",
        f"vendor = {_text(vendor)}",
        f"model = {_text(model)}",
        'tier = "experimental"',
        f"source = {_text(f'edge-gateway devices adopt: what the device says of itself ({said})')}",
        "",
        "[match]",
        f"usb_ids = [{_text(device.usb_id)}]",
    ]
    seen = dict.fromkeys(usage for node in device.nodes for usage in node.usages)
    usages = [usage for usage in seen if usage[:2] in POINT_OF_SALE_PAGES]
    if usages and "hidraw" in base.transport.kinds:
        lines.append(f"usage = [{', '.join(map(_text, usages))}]")
    return name, "\n".join(lines) + "\n"


def _section(device: AttachedDevice, base: Profile, profile: str, usage: str | None, lane: str, own_id: str) -> str:
    kind = next(kind for kind in KINDS if str(kind) in base.transport.kinds and device.can_be_opened_by(kind))
    selector = device.identity
    nodes = device.nodes_of(kind)
    several = kind is not NodeKind.EVDEV and usage is None and len(nodes) > 1
    transport: dict[str, Any] = {"kind": str(kind), "device": f"{selector}#0" if several else selector}
    if kind is NodeKind.HIDRAW and usage is not None:
        transport["usage"] = usage
    lines = ["[[device]]", f"id = {_text(own_id)}", f"lane = {_text(lane)}", f"profile = {_text(profile)}"]
    lines.append(f"transport = {{ {', '.join(f'{key} = {_text(value)}' for key, value in transport.items())} }}")
    if several:
        lines.append(f"# The device has {len(nodes)} such nodes: #0 is the first of them, #1 the next.")
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """As TOML writes it, whose basic strings are JSON's (with DEL escaped too)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
