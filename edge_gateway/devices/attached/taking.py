"""The devices that are in use without configuration: taken, remembered over restarts, and let go of."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Set
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.attached_report import Claim
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.devices.attached import memory
from edge_gateway.devices.attached.claim_rule import Verdict, take_as
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.memory import KEEP_DAYS, TAKEN_MAX, Memory, TakenDevice
from edge_gateway.devices.registry import Registry
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_discovery import DiscoverySettings

SETTLE_S: Final = 3.0
"""The nodes of one device come one after the other; with all of them it is another device than with the first."""

log = structlog.get_logger(__name__)


class Taking:
    """``on_retired`` is told lane, class and id of a device that is gone for good; ``on_forgotten`` the id of one of
    which a person wants nothing to stay; ``on_change``, that a device may be decided anew: one was let go of, or has
    settled."""

    def __init__(
        self,
        settings: DiscoverySettings,
        registry: Registry,
        clock: Clock,
        directory: Path,
        counters: Counter[str],
        *,
        on_retired: Callable[[str, str, str], None],
        on_forgotten: Callable[[str], None],
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._clock = clock
        self._directory = directory
        self._counters = counters
        self._on_retired = on_retired
        self._on_forgotten = on_forgotten
        self._on_change = on_change
        self._taken: dict[str, TakenDevice] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._unsettled_s: dict[str, float] = {}
        self._problems: dict[str, str] = {}
        self._clones: Set[str] = frozenset()
        self._written: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing: asyncio.Task[None] | None = None

    def recall(self, remembered: Memory) -> None:
        """Devices that were taken before are known at once, attached or not."""
        self._written = remembered.text() if remembered.taken or remembered.clones or remembered.forgotten else None
        for forgotten in remembered.forgotten:
            self._tell_retired(forgotten)
            self._on_forgotten(str(forgotten.device["id"]))
        if self._settings.take != "exact":
            return
        for taken in remembered.taken[:TAKEN_MAX]:
            is_ignored = any(f"{taken.identity}:".startswith(f"{one}:") for one in self._settings.ignore)
            try:
                if taken.seen >= self._oldest and not is_ignored and taken.identity not in remembered.clones:
                    self._start(taken)
                    continue
            except (ConfigError, ValueError):
                pass  # its profile is gone, or its place configured: judged anew when it is attached
            self._tell_retired(taken)

    def try_again(self) -> None:
        """Profiles are others now: what was in the way may be gone."""
        self._problems.clear()

    def decide(self, device: AttachedDevice, verdict: Verdict, *, is_free: bool) -> Verdict:
        """What becomes of an attached device, in words. ``is_free``: nobody else has its port now."""
        taken = self._taken.get(device.identity)
        if taken is not None and not self._still_holds(taken, device, verdict):
            self._retire(taken)
            taken = None
        if taken is not None:
            taken.seen = self._clock.now().date()
            return _told(taken, verdict)
        if verdict.to_take is None:
            return verdict
        if device.identity in self._leaving or not is_free:
            why = f"{verdict.why}; it is taken as soon as its port is let go of"
            return Verdict(Claim.WAITING, why, (), verdict.profiles)
        return self._take(device, verdict)

    def find(self, device_id: str) -> TakenDevice | None:
        """As it was taken; None: it is configured, or nobody's."""
        return next((taken for taken in self._taken.values() if taken.device["id"] == device_id), None)

    async def forget_for_good(self, taken: TakenDevice) -> None:
        """Until nothing of it is left, in memory and on disk. It must not be attached: it would be taken again."""
        self._retire(taken)
        await asyncio.shield(self._leaving[taken.identity])
        self._on_forgotten(str(taken.device["id"]))
        self.remember(self._clones)
        if self._writing is not None:
            await asyncio.shield(self._writing)

    def forget(self, clones: Set[str], attached: Set[str]) -> None:
        """Those that are to be told apart from a clone, and those that nobody has seen for long."""
        for identity, taken in list(self._taken.items()):
            if identity in clones or (identity not in attached and taken.seen < self._oldest):
                self._retire(taken)
        for identity in self._unsettled_s.keys() - attached:
            del self._unsettled_s[identity]

    def remember(self, clones: Set[str]) -> None:
        """On disk soon; one write at a time, of the newest."""
        self._clones = clones
        if self._writing is None or self._writing.done():
            self._writing = self._start_task(self._write())

    async def close(self) -> None:
        """Nothing of it goes on."""
        tasks = {*self._tasks, *self._leaving.values()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _still_holds(self, taken: TakenDevice, device: AttachedDevice, verdict: Verdict) -> bool:
        """It would be taken so today, or that cannot be said yet."""
        if verdict.claim is Claim.WAITING:
            return True
        if verdict.to_take is not None and take_as(device, verdict.to_take, self._settings.lane) == taken.device:
            self._unsettled_s.pop(taken.identity, None)
            return True
        if verdict.claim in (Claim.CONFIGURED, Claim.IGNORED) or _has_its_node(taken, device):
            return False  # it would be opened, by what no profile allows
        now_s = self._clock.monotonic()
        if taken.identity not in self._unsettled_s:
            self._unsettled_s[taken.identity] = now_s
            self._start_task(self._look_when_settled())
        return now_s - self._unsettled_s[taken.identity] < SETTLE_S

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
        self._counters["taken"] += 1
        log.info(log_events.DEVICE_TAKEN, device=entry["id"], identity=device.identity, profile=entry["profile"])
        return _told(taken, verdict)

    def _start(self, taken: TakenDevice) -> None:
        """Raises ConfigError: the profile is gone, wants settings of its own, or the id is another device's."""
        self._registry.add(DeviceSettings.model_validate(taken.device))
        self._taken[taken.identity] = taken

    def _retire(self, taken: TakenDevice) -> None:
        del self._taken[taken.identity]
        self._unsettled_s.pop(taken.identity, None)
        self._counters["retired"] += 1
        self._leaving[taken.identity] = asyncio.get_running_loop().create_task(self._let_go(taken))

    async def _let_go(self, taken: TakenDevice) -> None:
        await self._registry.remove(str(taken.device["id"]))
        del self._leaving[taken.identity]
        self._tell_retired(taken)
        self._on_change()

    def _tell_retired(self, taken: TakenDevice) -> None:
        """Its id begins with its class, whatever became of its profile."""
        device_id = str(taken.device["id"])
        self._on_retired(str(taken.device["lane"]), device_id.partition("-")[0], device_id)

    async def _look_when_settled(self) -> None:
        await self._clock.sleep(SETTLE_S)
        self._on_change()

    @property
    def _oldest(self) -> date:
        """Seen last before this day: gone for good."""
        return self._clock.now().date() - timedelta(days=KEEP_DAYS)

    def _start_task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _write(self) -> None:
        while (text := Memory(clones=set(self._clones), taken=list(self._taken.values())).text()) != self._written:
            is_empty = self._written is None and not self._taken and not self._clones
            self._written = text
            if not is_empty:
                await asyncio.get_running_loop().run_in_executor(None, memory.write, self._directory, text)


def _told(taken: TakenDevice, verdict: Verdict) -> Verdict:
    device_id, profile = str(taken.device["id"]), taken.device["profile"]
    is_same = verdict.claim is Claim.TAKEN and verdict.profiles[:1] == (profile,)
    why = verdict.why if is_same else f"with profile {profile}, as it was taken before; now {verdict.why}"
    return Verdict(Claim.TAKEN, f"taken as {device_id}: {why}", (device_id,), verdict.profiles)


def _has_its_node(taken: TakenDevice, device: AttachedDevice) -> bool:
    """There is something that it would open."""
    transport = taken.device.get("transport", {})
    kind, usage = transport.get("kind"), transport.get("usage")
    return any(
        node.kind is not None and node.kind.transport == kind and (usage is None or usage in node.usages)
        for node in device.nodes
    )
