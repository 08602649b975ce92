"""What is attached to the box, by names that last: selectors, and the promise of whoever finds their nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, runtime_checkable


class NodeKind(StrEnum):
    """What a node is to whoever opens it. ``evdev``: of a keyboard, which is what wedge scanners are to the kernel.
    ``usb_printer``: of usblp; ``usb_device``: of a whole printer, for libusb, whether usblp has it or not."""

    SERIAL = "serial"
    EVDEV = "evdev"
    HIDRAW = "hidraw"
    USB_PRINTER = "usb_printer"
    USB_DEVICE = "usb_device"

    @property
    def transport(self) -> str:
        """The kind of transport that opens it."""
        return str(NodeKind.USB_PRINTER if self is NodeKind.USB_DEVICE else self)


class Locator(Protocol):
    """Knows which nodes stand for a device now."""

    def find(self, selector: str, kind: NodeKind, usage: str | None = None) -> tuple[Path, ...]:
        """All nodes of that kind of the selected device, or those with a HID usage such as 8c:02; empty: there is none,
        or more than one device fits. From memory, save for a look whether each still is that device's: call it again
        after opening, and close what differs."""
        ...

    def explain(self, selector: str, kind: NodeKind, usage: str | None = None) -> str:
        """Why ``find`` found nothing, and what to do, for a person."""
        ...


@runtime_checkable
class NetworkLocator(Locator, Protocol):
    """Knows of the network, too."""

    def announced_addresses(self) -> tuple[str, ...]:
        """Addresses and host names of whoever announces itself now (mDNS)."""
        ...


SELECTOR_WORDS: Final = (
    "expected a selector: usb:VVVV:PPPP:SERIAL, usb:VVVV:PPPP, usb-port:PORT, bt:AA:BB:CC:DD:EE:FF, hid:VVVV:PPPP:ID "
    "or at:PATH, as edge-gateway devices lists them"
)
_ID = r"(?P<vendor>[0-9a-fA-F]{4}):(?P<product>[0-9a-fA-F]{4})"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        rf"(?P<scheme>usb|hid):{_ID}(?::(?P<serial>.+))?",
        rf"(?P<scheme>usb-port):(?P<place>[^\s#]+?)(?::{_ID})?",
        r"(?P<scheme>bt):(?P<place>[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5})",
        r"(?P<scheme>at):(?P<place>[^\s#]+)",
    )
)
_NODE: Final = re.compile(r"#(\d{1,2})$")


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector, taken apart. ``usb_id``: vendor:product in lower case; ``node``: from ``#1``: only this of its nodes,
    counted from 0, where a device has several of a kind (an adapter with four ports)."""

    scheme: str
    usb_id: str | None = None
    serial: str | None = None
    place: str | None = None
    node: int | None = None


def parse_selector(text: str) -> Selector:
    """Raises ValueError with what was expected."""
    numbered = _NODE.search(text)
    bare = text[: numbered.start()] if numbered else text
    for form in _FORMS:
        if (match := form.fullmatch(bare)) is not None:
            parts = match.groupdict()
            vendor = parts.get("vendor")
            place = parts.get("place")
            scheme = parts["scheme"]
            return Selector(
                scheme,
                usb_id=f"{vendor}:{parts['product']}".lower() if vendor else None,
                serial=parts.get("serial"),
                place=place.upper() if place and scheme == "bt" else place,
                node=int(numbered[1]) if numbered else None,
            )
    raise ValueError(SELECTOR_WORDS)


def check_selector(text: str) -> str:
    """The text itself, for settings. Raises ValueError."""
    parse_selector(text)
    return text
