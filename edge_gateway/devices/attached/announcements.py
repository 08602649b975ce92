"""All that announces itself, of all who listen for it: an extra, whose trouble is nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from edge_gateway.contracts.attached_report import SeenDevice
from edge_gateway.contracts.clock import Clock
from edge_gateway.devices.attached.announced import Announced, Announcer, log_not_possible, tell
from edge_gateway.devices.profile_model import Profile
from edge_gateway.settings_transports import TransportSettings

COALESCE_S: Final = 0.25
"""Many answer one question at once: one decision serves them all, and nobody plugs in a printer faster."""
RETRY_S: Final = 60.0
"""After one of them failed: what it needs (a network, an adapter) comes back or does not."""

MakeAnnouncer = Callable[[Sequence[Profile], Clock, Callable[[], None]], Announcer]
"""With the profiles that it listens for, and whom it tells that something came, went or changed."""


class Announcements:
    """``on_change`` is told once for all that came within a moment."""

    def __init__(
        self,
        makers: Mapping[str, MakeAnnouncer],
        configured: Mapping[str, TransportSettings],
        clock: Clock,
        on_change: Callable[[], None],
    ) -> None:
        self._configured = configured
        self._clock = clock
        self._on_change = on_change
        self._has_news = asyncio.Event()
        self._profiles: tuple[Profile, ...] = ()
        self._told: dict[str, tuple[Announced, SeenDevice]] = {}
        self._announcers = {what: make((), clock, self._has_news.set) for what, make in makers.items()}

    def use(self, profiles: Sequence[Profile]) -> None:
        """Listen for what these name, too, from now on."""
        self._profiles = tuple(each for each in profiles if each.match.is_announced)
        self._told.clear()
        for announcer in self._announcers.values():
            announcer.use(self._profiles)

    async def run(self) -> None:
        """Until cancelled, whatever becomes of those who listen."""
        async with asyncio.TaskGroup() as group:
            for what, announcer in self._announcers.items():
                group.create_task(self._keep(what, announcer))
            while True:
                await self._has_news.wait()
                await self._clock.sleep(COALESCE_S)
                self._has_news.clear()
                self._on_change()

    def seen(self) -> list[SeenDevice]:
        """What is announced now, as it is told."""
        announced = [each for announcer in self._announcers.values() for _, each in sorted(announcer.announced.items())]
        told = {each.identity: (each, self._seen(each)) for each in announced}
        self._told = told
        return [seen for _, seen in told.values()]

    def addresses(self) -> tuple[str, ...]:
        """Of the network, where somebody announces itself now."""
        announced = [each for announcer in self._announcers.values() for each in announcer.announced.values()]
        return tuple(place for each in announced if each.bus == "network" for place in each.places)

    def _seen(self, each: Announced) -> SeenDevice:
        before = self._told.get(each.identity)
        if before is not None and before[0] == each:
            return before[1]
        return tell(each, self._configured, self._profiles)

    async def _keep(self, what: str, announcer: Announcer) -> None:
        while True:
            try:
                await announcer.run()
                return
            except Exception as error:  # noqa: BLE001 - the boundary of zeroconf and bleak: they raise what they like
                log_not_possible(what, f"{type(error).__name__}: {error}")
            await self._clock.sleep(RETRY_S)
