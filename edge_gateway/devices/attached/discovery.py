"""Decides at each change what of the attached devices is used, takes what the rule allows, and tells why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.attached_report import AttachedReport, Claim, SeenDevice
from edge_gateway.contracts.attachment import parse_selector
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.devices.attached import memory
from edge_gateway.devices.attached.announced import Announcer, tell
from edge_gateway.devices.attached.bluetooth_scan import BluetoothScan, Listen
from edge_gateway.devices.attached.claim_rule import Verdict, judge, take_as
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.hotplug import HotPlug
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.mdns import Mdns
from edge_gateway.devices.attached.memory import KEEP_DAYS, TAKEN_MAX, Memory, TakenDevice
from edge_gateway.devices.attached.probing import Probing
from edge_gateway.devices.attached.survey import seen
from edge_gateway.devices.profiles import Profile, load_profiles
from edge_gateway.devices.registry import Registry
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_discovery import DiscoverySettings

log = structlog.get_logger(__name__)


class Discovery:
    """Owns what was taken without configuration. ``on_change`` is told each new report; ``on_retired`` a supervisor
    that is gone for good: its device is configured now, or has to be told apart from a clone."""

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
        make_hot_plug: Callable[[Inventory, Clock, Callable[[], None]], HotPlug] = HotPlug,
        listen: Listen | None = None,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._inventory = inventory
        self._clock = clock
        self._directory = directory
        self._profile_directories = profile_directories
        self._on_change = on_change
        self._on_retired = on_retired
        self._listen = listen
        self._hot_plug = make_hot_plug(inventory, clock, self.update)
        self.counters = self._hot_plug.counters
        self._configured = dict(registry.places)
        self._profiles: list[Profile] = []
        self._taken: dict[str, TakenDevice] = {}
        self._announcers: list[Announcer] = []
        self._probings: dict[str, Probing] = {}
        self._problems: dict[str, str] = {}
        self._written: str | None = None
        self._writing: asyncio.Task[None] | None = None
        self._is_told = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.report = AttachedReport(source="none")

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        remembered = await loop.run_in_executor(None, Memory.read, self._directory)
        self._inventory.clones |= remembered.clones
        self._written = remembered.text() if remembered.taken or remembered.clones else None
        await self.reload_profiles()
        if self._settings.take == "exact":
            self._recall(remembered)
        self._announcers = self._make_announcers()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hot_plug.run())
                for announcer in self._announcers:
                    group.create_task(announcer.run())
        finally:
            for task in self._tasks:
                task.cancel()

    def _make_announcers(self) -> list[Announcer]:
        """What is asked for besides the box's own buses."""
        scan = partial(BluetoothScan, listen=self._listen)
        makers = ((self._settings.mdns, Mdns), (self._settings.bluetooth, scan))
        return [make(self._profiles, self._clock, self.update) for is_wanted, make in makers if is_wanted]

    async def reload_profiles(self) -> None:
        """A profile that is new or changed may name what is attached."""
        load = partial(load_profiles, self._profile_directories)
        self._profiles = await asyncio.get_running_loop().run_in_executor(None, load)
        self._problems.clear()
        if self._is_told:
            self.update()

    def update(self) -> None:
        """The inventory changed: decide anew."""
        seen = [self._decide(device) for device in self._inventory]
        seen += [
            tell(each, self._configured, self._profiles)
            for announcer in self._announcers
            for _, each in sorted(announcer.announced.items())
        ]
        self._retire_clones()
        report = AttachedReport(source=self._hot_plug.source, devices=tuple(seen))
        if report != self.report or not self._is_told:
            self._is_told = True
            self.report = report
            self._on_change(report)
        self._remember()

    def _decide(self, device: AttachedDevice) -> SeenDevice:
        verdict = judge(device, self._settings, self._configured, self._profiles)
        taken = self._taken.get(device.identity)
        if taken is not None and verdict.claim in (Claim.CONFIGURED, Claim.IGNORED):
            self._retire(taken)
            taken = None
        if taken is not None:
            taken.seen = self._clock.now().date()
            verdict = self._told_taken(taken, verdict)
        elif verdict.to_take is not None:
            verdict = self._take(device, verdict)
        elif verdict.claim is Claim.POSSIBLE and self._may_probe(device):
            verdict = self._probed(device, verdict)
        return seen(device, verdict)

    def _take(self, device: AttachedDevice, verdict: Verdict) -> Verdict:
        assert verdict.to_take is not None
        if (problem := self._problems.get(device.identity)) is not None:
            return Verdict(Claim.RECOGNISED, problem, (), verdict.profiles)
        if len(self._taken) >= TAKEN_MAX:
            why = f"{verdict.why}; not taken: {TAKEN_MAX} devices were taken already, so configure it"
            return Verdict(Claim.RECOGNISED, why, (), verdict.profiles)
        entry = take_as(device, verdict.to_take, self._settings.lane)
        taken = TakenDevice(identity=device.identity, device=entry, seen=self._clock.now().date())
        try:
            self._start(taken)
        except ConfigError as error:
            problem = f"{verdict.why}; not taken: {error.problems[0]}; configure it"
            self._problems[device.identity] = problem
            return Verdict(Claim.RECOGNISED, problem, (), verdict.profiles)
        self.counters["taken"] += 1
        log.info(log_events.DEVICE_TAKEN, device=entry["id"], identity=device.identity, profile=entry["profile"])
        return self._told_taken(taken, verdict)

    def _may_probe(self, device: AttachedDevice) -> bool:
        """The operator names it, and nothing else: no list of ours, no profile opens an adapter."""
        is_ready = all(node.is_ready for node in device.nodes)
        return is_ready and any(device.fits(parse_selector(one), one) for one in self._settings.probe)

    def _probed(self, device: AttachedDevice, verdict: Verdict) -> Verdict:
        probing = self._probings.get(device.identity)
        if probing is None or probing.generation != device.generation:
            probing = Probing(device, self._profiles, self._registry.try_out, self._clock)
            self._probings[device.identity] = probing
            task = asyncio.get_running_loop().create_task(probing.run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: self.update())
        names = tuple(dict.fromkeys((*probing.answered, *verdict.profiles)))
        return Verdict(Claim.POSSIBLE, probing.why, (), names)

    def _start(self, taken: TakenDevice) -> None:
        """Raises ConfigError: the profile is gone, wants settings of its own, or the id is another device's."""
        self._registry.add(DeviceSettings.model_validate(taken.device))
        self._taken[taken.identity] = taken

    def _told_taken(self, taken: TakenDevice, verdict: Verdict) -> Verdict:
        device_id, profile = str(taken.device["id"]), taken.device["profile"]
        is_same = verdict.claim is Claim.TAKEN and verdict.profiles[:1] == (profile,)
        why = verdict.why if is_same else f"with profile {profile}, as it was taken before; now {verdict.why}"
        return Verdict(Claim.TAKEN, f"taken as {device_id}: {why}", (device_id,), verdict.profiles)

    def _recall(self, remembered: Memory) -> None:
        """Devices that were taken before are known at once, attached or not."""
        oldest = self._clock.now().date() - timedelta(days=KEEP_DAYS)
        for taken in remembered.taken[:TAKEN_MAX]:
            is_ignored = any(f"{taken.identity}:".startswith(f"{one}:") for one in self._settings.ignore)
            try:
                if taken.seen >= oldest and not is_ignored and taken.identity not in self._inventory.clones:
                    self._start(taken)
                    continue
            except (ConfigError, ValueError):
                pass  # its profile is gone, or its place configured: judged anew when it is attached
            self._tell_retired(taken)

    def _retire_clones(self) -> None:
        for identity in self._inventory.clones & self._taken.keys():
            self._retire(self._taken[identity])

    def _retire(self, taken: TakenDevice) -> None:
        del self._taken[taken.identity]
        self.counters["retired"] += 1
        task = asyncio.get_running_loop().create_task(self._registry.remove(str(taken.device["id"])))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._tell_retired(taken))

    def _tell_retired(self, taken: TakenDevice) -> None:
        profile = next((each for each in self._profiles if each.name == taken.device.get("profile")), None)
        if profile is not None:
            self._on_retired(str(taken.device["lane"]), profile.device_class.value, str(taken.device["id"]))

    def _remember(self) -> None:
        """On disk soon; one write at a time, of the newest."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())
            self._tasks.add(self._writing)
            self._writing.add_done_callback(self._tasks.discard)

    async def _write(self) -> None:
        while (text := Memory(clones=self._inventory.clones, taken=list(self._taken.values())).text()) != self._written:
            is_empty = self._written is None and not self._taken and not self._inventory.clones
            self._written = text
            if not is_empty:
                await asyncio.get_running_loop().run_in_executor(None, memory.write, self._directory, text)
