"""Decides at each change what of the attached devices is used, takes what the rule allows, and tells why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from edge_gateway.contracts.attached_report import AttachedReport, Claim, SeenDevice
from edge_gateway.contracts.attachment import parse_selector
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.devices.attached.announcements import Announcements, MakeAnnouncer
from edge_gateway.devices.attached.bluetooth_scan import BluetoothScan, Listen
from edge_gateway.devices.attached.claim_rule import Verdict
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.hotplug import HotPlug
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.judging import Judging
from edge_gateway.devices.attached.mdns import Mdns
from edge_gateway.devices.attached.memory import Memory
from edge_gateway.devices.attached.probing import Probings
from edge_gateway.devices.attached.taking import Taking
from edge_gateway.devices.profiles import Profile, load_profiles
from edge_gateway.devices.registry import Registry
from edge_gateway.settings_discovery import DiscoverySettings

AGE_S: Final = 6 * 3600.0
"""Between two looks at the calendar: days are counted for what nobody has seen."""


def still_attached(device: AttachedDevice) -> str:
    """Why it cannot be forgotten, and what to do."""
    place = f"attached in socket {device.port}" if device.port else "attached"
    return f"{place}: pull it out first, or add {device.identity!r} to ignore of [discovery] and restart the gateway"


class Discovery:
    """Owns what was taken without configuration. ``on_change`` is told each new report; ``on_retired`` a supervisor
    that is gone for good: its device is configured now, or has to be told apart from a clone; ``on_forgotten`` a device
    that a person wanted to be forgotten."""

    def __init__(
        self,
        settings: DiscoverySettings,
        registry: Registry,
        inventory: Inventory,
        clock: Clock,
        *,
        directory: Path,
        profile_directories: Sequence[Path] = (),
        on_change: Callable[[AttachedReport], None],
        on_retired: Callable[[str, str, str], None],
        on_forgotten: Callable[[str], None] = lambda device_id: None,
        make_hot_plug: Callable[[Inventory, Clock, Callable[[], None]], HotPlug] = HotPlug,
        listen: Listen | None = None,
    ) -> None:
        self._settings = settings
        self._inventory = inventory
        self._clock = clock
        self._directory = directory
        self._profile_directories = profile_directories
        self._on_change = on_change
        self._hot_plug = make_hot_plug(inventory, clock, self.update)
        self.counters = self._hot_plug.counters
        configured = dict(registry.places)
        self._judging = Judging(settings, configured)
        self._taking = Taking(
            settings,
            registry,
            clock,
            directory,
            self.counters,
            on_retired=on_retired,
            on_forgotten=on_forgotten,
            on_change=self.update,
        )
        self._probings = Probings(registry.try_out, clock, self.update)
        self._announcements = Announcements(self._announcers(listen), configured, clock, self.update)
        inventory.announced = self._announcements.addresses
        self._profiles: list[Profile] = []
        self._is_told = False
        self._is_over = False
        self.report = AttachedReport(source="none")

    async def run(self) -> None:
        """Until cancelled."""
        remembered = await asyncio.get_running_loop().run_in_executor(None, Memory.read, self._directory)
        self._inventory.clones |= remembered.clones
        await self.reload_profiles()
        self._taking.recall(remembered)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hot_plug.run())
                group.create_task(self._announcements.run())
                group.create_task(self._age())
        finally:
            self._is_over = True
            await self._probings.close()
            await self._taking.close()

    async def reload_profiles(self) -> None:
        """A profile that is new or changed may name what is attached, and one that is gone named it."""
        load = partial(load_profiles, self._profile_directories)
        self._profiles = await asyncio.get_running_loop().run_in_executor(None, load)
        self._judging.use(self._profiles)
        self._announcements.use(self._profiles)
        self._taking.try_again()
        if self._is_told:
            self.update()

    async def forget(self, device_id: str) -> None:
        """Let nothing be left of a device that was taken and is away. Raises RequestError: UNSUPPORTED where it is
        configured, BUSY while it is attached."""
        taken = self._taking.find(device_id)
        if taken is None:
            words = f"{device_id} is configured: take its [[device]] out of the configuration and restart the gateway"
            raise RequestError(ErrorCode.UNSUPPORTED, words)
        attached = next((device for device in self._inventory if device.identity == taken.identity), None)
        if attached is not None:
            raise RequestError(ErrorCode.BUSY, f"{device_id} is {still_attached(attached)}")
        await self._taking.forget_for_good(taken)

    def update(self) -> None:
        """The inventory changed: decide anew."""
        if self._is_over:
            return
        attached = tuple(self._inventory)
        identities = {device.identity for device in attached}
        self._judging.look_again(attached)
        self._probings.keep(identities)
        self._taking.forget(self._inventory.clones, identities)
        seen = [self._decide(device) for device in attached] + self._announcements.seen()
        report = AttachedReport(source=self._hot_plug.source, devices=tuple(seen))
        if report != self.report or not self._is_told:
            self._is_told = True
            self.report = report
            self._on_change(report)
        self._taking.remember(self._inventory.clones)

    def _decide(self, device: AttachedDevice) -> SeenDevice:
        verdict = self._judging.judge(device)
        if verdict.claim is not Claim.POSSIBLE:
            self._probings.stop(device.identity)
        is_free = not self._probings.is_going_on(device.identity)
        verdict = self._taking.decide(device, verdict, is_free=is_free)
        if verdict.claim is Claim.POSSIBLE and self._may_probe(device):
            verdict = self._probed(device, verdict)
        return self._judging.seen(device, verdict)

    def _may_probe(self, device: AttachedDevice) -> bool:
        """The operator names it, and nothing else: no list of ours, no profile opens an adapter."""
        is_ready = all(node.is_ready for node in device.nodes)
        return is_ready and any(device.fits(parse_selector(one), one) for one in self._settings.probe)

    def _probed(self, device: AttachedDevice, verdict: Verdict) -> Verdict:
        probing = self._probings.probe(device, self._profiles)
        names = tuple(dict.fromkeys((*probing.answered, *verdict.profiles)))
        return Verdict(Claim.POSSIBLE, probing.why, (), names)

    async def _age(self) -> None:
        while True:
            await self._clock.sleep(AGE_S)
            self.update()

    def _announcers(self, listen: Listen | None) -> dict[str, MakeAnnouncer]:
        """What is asked for besides the box's own buses."""
        makers: dict[str, MakeAnnouncer] = {}
        if self._settings.mdns:
            makers["mdns"] = Mdns
        if self._settings.bluetooth:
            makers["bluetooth"] = partial(BluetoothScan, listen=listen)
        return makers
