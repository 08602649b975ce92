"""Printers and scales of the network that announce themselves (RFC 6762 mDNS, RFC 6763 DNS-SD), by python-zeroconf."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.devices.attached.announced import ANNOUNCED_MAX, Announced, log_not_possible
from edge_gateway.devices.profiles import Profile

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SERVICES: Final = ("_pdl-datastream._tcp", "_printer._tcp", "_ipp._tcp")
"""Raw port 9100, LPD and IPP, as printers announce them (Bonjour Printing Specification 1.2.1); profiles name more."""
DOMAIN: Final = ".local."
ASK_MS: Final = 3000
"""For the address behind a name; printers answer within some hundred milliseconds."""
RETRY_S: Final = 60.0
"""After the network refused: a box without a network asks no more often."""

_SERVICE: Final = re.compile(r"_[A-Za-z0-9-]{1,15}\._(tcp|udp)")


class Mdns:
    """Implements ``announced.Announcer``. ``on_change`` is told when something came, went or changed."""

    def __init__(
        self, profiles: Sequence[Profile], clock: Clock, on_change: Callable[[], None], interfaces: Sequence[str] = ()
    ) -> None:
        self.announced: dict[str, Announced] = {}
        self._wanted: set[str] = set()
        self._has_new_types = asyncio.Event()
        self._clock = clock
        self._on_change = on_change
        self._interfaces = interfaces
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.use(profiles)

    def use(self, profiles: Sequence[Profile]) -> None:
        """What they name is asked for from now on; what was asked for before, still."""
        self._wanted |= {f"{service}{DOMAIN}" for service in services_of(profiles)}
        self._has_new_types.set()

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except ImportError:
                log_not_possible("mdns", "pip install 'edge-gateway[mdns]'")
                return
            except OSError as error:
                log_not_possible("mdns", str(error))
            await self._clock.sleep(RETRY_S)

    async def _listen(self) -> None:
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

        options: dict[str, Any] = {"interfaces": list(self._interfaces)} if self._interfaces else {}
        own = AsyncZeroconf(**options)
        browsers: list[AsyncServiceBrowser] = []
        asked: set[str] = set()

        def hear(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
            self._hear(own, service_type, name, state_change.name)

        try:
            while True:
                self._has_new_types.clear()
                new = sorted(filter(_can_be_asked_for, self._wanted - asked))
                asked |= self._wanted
                if new:
                    browsers.append(AsyncServiceBrowser(own.zeroconf, new, handlers=[hear]))
                await self._has_new_types.wait()
        finally:
            for task in self._tasks.values():
                task.cancel()
            for browser in browsers:
                await browser.async_cancel()
            await own.async_close()

    def _hear(self, zeroconf: AsyncZeroconf, service_type: str, name: str, change: str) -> None:
        """One question for each name at a time; what went away meanwhile is not listed by a late answer."""
        if change == "Removed":
            if (asking := self._tasks.pop(name, None)) is not None:
                asking.cancel()
            if self.announced.pop(name, None) is not None:
                self._on_change()
        elif name in self._tasks:
            return
        elif name in self.announced or len(self.announced) + len(self._tasks) < ANNOUNCED_MAX:
            task = asyncio.get_running_loop().create_task(self._ask(zeroconf, service_type, name))
            self._tasks[name] = task
            task.add_done_callback(partial(self._asked, name))

    def _asked(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            log_not_possible("mdns", f"{name}: {error}")

    async def _ask(self, zeroconf: AsyncZeroconf, service_type: str, name: str) -> None:
        from zeroconf import Error
        from zeroconf.asyncio import AsyncServiceInfo

        try:
            info = AsyncServiceInfo(service_type, name)
            if not await info.async_request(zeroconf.zeroconf, ASK_MS):
                return
        except Error:  # a name that is none, from whoever is on the network
            return
        found = _announced(info, service_type, name)
        if self.announced.get(name) != found:
            self.announced[name] = found
            self._on_change()


def _can_be_asked_for(service: str) -> bool:
    """A profile's pattern can name what is no type of a service (RFC 6763, section 7)."""
    from zeroconf import BadTypeInNameException, service_type_name  # type: ignore[attr-defined]  # in its documentation

    try:
        service_type_name(service)
    except BadTypeInNameException as error:
        log_not_possible("mdns", str(error))
        return False
    return True


def services_of(profiles: Iterable[Profile]) -> list[str]:
    """What is asked for: printers, and what profiles name such as ``_acme-scale._tcp*``."""
    patterns = (pattern for profile in profiles for pattern in profile.match.mdns)
    named = (match[0] for pattern in patterns if (match := _SERVICE.search(pattern)) is not None)
    return sorted({*SERVICES, *named})


def _announced(info: AsyncServiceInfo, service_type: str, name: str) -> Announced:
    texts = {
        key.decode("utf-8", "replace").lower(): value.decode("utf-8", "replace")
        for key, value in info.properties.items()
        if value
    }
    instance = _clean(name.removesuffix(f".{service_type}"))
    addresses = info.parsed_addresses()
    host = (info.server or "").rstrip(".")
    return Announced(
        f"mdns:{_clean(name)}",
        "network",
        names=tuple(dict.fromkeys((instance, _clean(name), service_type))),
        places=tuple(place.casefold() for place in (*addresses, host) if place),
        address=f"{next(iter(addresses), host)}:{info.port}",
        manufacturer=_clean(texts.get("usb_mfg", "")) or None,
        product=_clean(texts.get("usb_mdl") or texts.get("ty") or "") or None,
    )


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)[:126]
