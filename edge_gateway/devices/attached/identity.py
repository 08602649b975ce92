"""Who an attached device is for good: by its serial number; where that tells nothing, by the socket it is in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Final

from edge_gateway.devices.attached.device import AttachedDevice

PLACEHOLDERS: Final = frozenset(
    {
        *("0", "00", "000", "0000", "00000", "000000", "0000000", "00000000", "000000000000", "0000000000000000"),
        *("1", "01", "001", "0001", "00000001", "0123456789", "123456789", "1234567890", "12345678", "123456"),
        *("0123456789abcdef", "123456789abcdef", "0123456789abcd", "1.00", "1.0", "ffffffff", "serial", "n/a", "none"),
        *("default string", "demo", "abcdef", "usb serial", "to be filled by o.e.m."),
    }
)
"""What makers leave in the field for the serial number; every specimen has it. In lower case."""


_LIKE_A_NODE: Final = re.compile(r"#\d{1,2}$")
"""At the end of a selector that stands for one of several nodes."""


def identify(found: Sequence[AttachedDevice], clones: Set[str]) -> list[AttachedDevice]:
    """Each with its identity and, where that needs care, a warning.

    ``clones``: identities by serial number that more than one device was seen with before: a clone stays one when its
    twin is pulled out.
    """
    counts = Counter(by_serial(device) for device in found)
    return [_identified(device, counts[by_serial(device)] > 1, clones) for device in found]


def by_serial(device: AttachedDevice) -> str | None:
    """``usb:VVVV:PPPP:SERIAL``; None where the serial number tells nothing."""
    serial = device.serial
    if serial is None or device.bus not in ("usb", "hid"):
        return None
    if serial.lower() in PLACEHOLDERS or _LIKE_A_NODE.search(serial):
        return None
    return f"{device.bus}:{device.usb_id}:{device.serial}"


def _identified(device: AttachedDevice, is_double: bool, clones: Set[str]) -> AttachedDevice:
    if device.identity:
        return device
    if device.address is not None:
        return replace(device, identity=f"bt:{device.address}")
    own = by_serial(device)
    if own is not None and not is_double and own not in clones:
        return replace(device, identity=own)
    place = f"{device.socket}" if device.socket else device.sysfs.name
    identity = f"usb-port:{place}:{device.usb_id}" if device.bus == "usb" else f"at:{place.replace(' ', '_')}"
    warning = None
    if own is not None:
        now = "is attached twice" if is_double else "was attached twice"
        warning = (
            f"serial number {device.serial!r} of {device.usb_id} {now}: told apart by their sockets, "
            "so keep each in its own"
        )
    return replace(device, identity=identity, warning=warning)
