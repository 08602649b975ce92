"""What a USB printer says beside its language: three bits of its port, and who it is (USB Device Class Definition for
Printing Devices 1.1, 4.2; IEEE 1284-2000, 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from edge_gateway.contracts.transport import Transport

PAPER_EMPTY: Final = 0x20
SELECTED: Final = 0x10
NOT_ERROR: Final = 0x08

DEVICE_ID_BYTES_MAX: Final = 1024
"""Two bytes of length and some fields; makers write about 200."""


@dataclass(frozen=True, slots=True)
class PortStatus:
    """The answer to GET_PORT_STATUS, which comes over the control pipe: also from a printer that takes no bytes. A hint
    for a person: many printers always answer 0x18 (well)."""

    is_paper_empty: bool
    is_selected: bool
    """Not selected: offline."""
    is_error: bool

    @classmethod
    def of(cls, status: int) -> PortStatus:
        return cls(bool(status & PAPER_EMPTY), bool(status & SELECTED), not status & NOT_ERROR)


def parse_device_id(data: bytes) -> Mapping[str, str]:
    """Fields of an IEEE 1284 device id by key: ``MFG MDL CMD CLS SN``, whatever the printer calls them. ``data``: with
    its two bytes of length, which some count themselves and some do not, or say wrong: what is there is read."""
    text = data[2:DEVICE_ID_BYTES_MAX].decode("latin-1").rstrip("\0 ")
    fields = {}
    for part in text.split(";"):
        key, colon, value = part.partition(":")
        value = "".join(character if character.isprintable() else "?" for character in value.strip())
        if colon and key.strip() and value:
            fields[_SHORT.get(key.strip().upper(), key.strip().upper())] = value
    return fields


_SHORT: Final[Mapping[str, str]] = {
    "MANUFACTURER": "MFG",
    "MODEL": "MDL",
    "COMMAND SET": "CMD",
    "CLASS": "CLS",
    "SERIALNUMBER": "SN",
    "SERN": "SN",
}
"""The long names of the standard, and one that HP writes."""


@runtime_checkable
class UsbPrinterTransport(Transport, Protocol):
    """A way to a USB printer. ``write`` returns when the printer itself has taken the bytes."""

    @property
    def device_id(self) -> Mapping[str, str]:
        """As ``parse_device_id`` gives it, from the first open on; empty: it has none."""
        ...

    async def port_status(self) -> PortStatus:
        """Ask the port, also while a write waits. Raises TransportError where it is not open or gives no answer."""
        ...
