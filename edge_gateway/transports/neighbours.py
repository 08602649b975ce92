"""Who is at which address of the local network: the kernel's neighbour table (IPv4; proc(5), /proc/net/arp)."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

TABLE: Final = Path("/proc/net/arp")
_COMPLETE: Final = 0x2
"""ATF_COM of linux/if_arp.h: the kernel knows the MAC address, and did not give up on it."""
_DISCARD_PORT: Final = 9


class Neighbours:
    """Read anew at each question: a hundred lines at the most, from memory."""

    def __init__(self, table: Path = TABLE) -> None:
        self._table = table

    def mac_at(self, address: str) -> str | None:
        """Upper case. None: the address is not of a network of this box, or nobody answered there."""
        return self._read().get(address)

    def addresses_of(self, mac: str) -> list[str]:
        """More than one, where it had another before and the kernel has not forgotten that."""
        return [address for address, found in self._read().items() if found == mac]

    def ask_for(self, addresses: Iterable[str]) -> None:
        """Let the kernel find out who is there, by an empty datagram to the discard port of each: nothing is asked of
        any device but what every host answers (ARP)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.setblocking(False)
            for address in addresses:
                with suppress(OSError):  # no route, or the queue is full: this one is not found this time
                    wire.sendto(b"", (address, _DISCARD_PORT))

    def _read(self) -> dict[str, str]:
        """By address: ``192.0.2.7 0x1 0x2 00:26:ab:01:02:03 * eth0`` below a line of titles."""
        try:
            lines = self._table.read_text("ascii").splitlines()[1:]
        except OSError:
            return {}
        entries = [line.split() for line in lines]
        return {entry[0]: entry[3].upper() for entry in entries if len(entry) >= 4 and int(entry[2], 16) & _COMPLETE}
