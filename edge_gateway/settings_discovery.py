"""``[discovery]``: what is done with devices that are attached and not configured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_gateway.settings_parts import LaneName, Section, SelectorText


class DiscoverySettings(Section):
    """[discovery] what is attached and not configured: what of it is taken into use, and what is looked for."""

    take: Literal["exact", "configured"] = Field(
        "exact",
        description="exact: a device whose vendor and product a firmware profile names is taken into use by itself, "
        "and a scanner or scale that says so by its HID usage (8c:02, 8d:…); configured: only devices of this file.",
    )
    lane: LaneName = Field("shared", description="Lane of the devices taken so, until they are configured.")
    ignore: tuple[SelectorText, ...] = Field(
        (),
        description="Devices that are never taken, such as usb:05e0:1200 (a model) or usb-port:1-1.4 (a socket).",
    )
    probe: tuple[SelectorText, ...] = Field(
        (),
        description="Serial adapters that may be asked who is behind them, in the protocols of known scales. Bytes are "
        "written to them: never list a port with something else at it.",
    )
    mdns: bool = Field(
        False,
        description="Ask the network for printers and scales that say so themselves (mDNS); they are listed.",
    )
    bluetooth: bool = Field(
        False, description="List Bluetooth LE devices in range; looking for them slows down those that are connected."
    )
