"""Finds a network device by its MAC address, wherever DHCP has put it, and lets nobody pass for it.

A connection is made to an address, so its MAC address is looked at once the connection stands and before a byte goes
over it: the kernel's neighbour table has then whom the connection is with.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Final

from edge_gateway.contracts.errors import TransportError
from edge_gateway.transports.neighbours import Neighbours
from edge_gateway.transports.stream import Connection

ADDRESSES_MAX: Final = 4
"""Tried at one attempt to connect: where it is said to be, where it was, and what the kernel has not forgotten."""
SEARCH_INTERVAL_S: Final = 10.0
"""Between two searches of the network: 254 small broadcasts each."""
SEARCH_S: Final = 1.0
"""A host answers ARP within milliseconds; one that sleeps, at a second question: the next time."""
LOOK_S: Final = 0.05
ANNOUNCED_ADDRESSES_MAX: Final = 128
"""As many devices as are listed (devices.attached.announced), each at one address. Anybody on the network can announce
any number, of any network."""
RESOLVE_S_MAX: Final = 1.0
"""For the address of a host's name. A store's own router answers at once; where it asks the internet, and that is away,
the kernel knows the device's address all the same."""

Attempt = Callable[[str], Awaitable[Connection]]
"""Connects to an address. Raises TransportError."""


class MacFinder:
    """Of one device. ``host``: where it is expected; ``search``: a network in which it may be looked for;
    ``announced``: addresses of whoever announces itself now."""

    def __init__(
        self,
        mac: str,
        host: str | None,
        search: str | None,
        announced: Callable[[], Iterable[str]] = tuple,
        neighbours: Neighbours | None = None,
    ) -> None:
        self._mac = mac
        self._host = host
        self._search = search
        self._announced = announced
        self._neighbours = neighbours or Neighbours()
        self._failed: set[str] = set()
        """At the last attempt: tried after the others."""
        self._searched_s: float | None = None
        self.address: str | None = host if host is not None and _is_address(host) else None
        """Where it was reached last; before that, where it is expected."""

    async def connect(self, attempt: Attempt) -> Connection:
        """Raises TransportError with what was found at each address."""
        failures: dict[str, str] = {}
        found = await self._known()
        while True:
            for address in [each for each in found if each not in failures][:ADDRESSES_MAX]:
                try:
                    connection = await self._checked(address, attempt)
                except TransportError as error:
                    failures[address] = str(error)
                else:
                    self.address, self._failed = address, set()
                    return connection
            found = [each for each in await self._sought() if each not in failures]
            if not found:
                self._failed = set(failures)
                raise TransportError(self._words(failures))

    async def _checked(self, address: str, attempt: Attempt) -> Connection:
        connection = await attempt(address)
        there = self._neighbours.mac_at(address)
        if there == self._mac:
            return connection
        connection.detach()
        if connection.transport is not None:
            connection.transport.abort()  # closed at the loop's next turn
        if there is None:
            raise TransportError(
                f"who answers at {address} cannot be told: a MAC address is only seen without a router in between; "
                "leave mac out, and reserve its address in the router"
            )
        raise TransportError(f"at {address} is another device, {there}; nothing was sent to it")

    async def _known(self) -> list[str]:
        """Without asking the network: by the kernel's table, as configured, and as it was."""
        addresses = self._neighbours.addresses_of(self._mac)
        if self._host is not None:
            addresses += await _resolved(self._host)
        if self.address is not None:
            addresses.append(self.address)
        unique = list(dict.fromkeys(addresses))
        return sorted(unique, key=lambda each: each in self._failed)

    async def _sought(self) -> list[str]:
        """What the network says when it is asked; nothing, where that is not wanted or was done just now."""
        loop = asyncio.get_running_loop()
        announced = (address for address in dict.fromkeys(self._announced()) if _is_address(address))
        asked = list(islice(announced, ANNOUNCED_ADDRESSES_MAX))
        if self._search is not None:
            asked += [str(address) for address in ipaddress.IPv4Network(self._search).hosts()]
        is_due = self._searched_s is None or loop.time() - self._searched_s >= SEARCH_INTERVAL_S
        if not asked or not is_due:
            return []
        self._searched_s = loop.time()
        before = set(self._neighbours.addresses_of(self._mac))
        self._neighbours.ask_for(asked)
        while loop.time() - self._searched_s < SEARCH_S:
            await asyncio.sleep(LOOK_S)
            if new := [each for each in self._neighbours.addresses_of(self._mac) if each not in before]:
                return new
        return self._neighbours.addresses_of(self._mac)

    def _words(self, failures: dict[str, str]) -> str:
        told = "; ".join(failures.values()) or "no address of it is known"
        where = "" if self._search is not None else "; with search it is looked for in its network"
        return f"{self._mac} was not found: {told}; check that it is on, and its cable{where}"


async def _resolved(host: str) -> list[str]:
    """IPv4 alone: the neighbour table has no other."""
    if _is_address(host):
        return [host]
    try:
        async with asyncio.timeout(RESOLVE_S_MAX):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, family=socket.AF_INET, type=socket.SOCK_STREAM
            )
    except OSError:  # TimeoutError is one
        return []
    return [str(address[0]) for *_, address in found]


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
