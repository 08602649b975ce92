"""Firmware profiles that change while the gateway runs: a good change is applied, a bad one told and left alone."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.duplicates import find_duplicates
from edge_gateway.devices.profile_files import SUFFIX
from edge_gateway.devices.registry import Registry
from edge_gateway.devices.resolving import ResolvedDevice
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TransportSettings

LOOK_INTERVAL_S: Final = 2.0
"""A person who saved a profile waits no longer; a look costs a directory listing."""

Prints = Mapping[str, tuple[int, int, int]]
"""By path: time of change, size and inode of each profile."""

_DEVICE: Final = re.compile(r"device\[\d+\]")
"""How two devices at one place are named in what is wrong with them."""

log = structlog.get_logger(__name__)


class ProfileWatch:
    """Restarts the devices whose profile was changed, and only those. Packaged profiles change with the package.

    ``on_read`` is told each time that the profiles were read anew.
    """

    def __init__(
        self,
        registry: Registry,
        directories: Sequence[Path],
        make_transport: Callable[[TransportSettings], Transport],
        clock: Clock,
        on_read: Callable[[], Awaitable[None]],
    ) -> None:
        self._registry = registry
        self._directories = directories
        self._make_transport = make_transport
        self._clock = clock
        self._on_read = on_read
        self._asked = asyncio.Event()
        self.counters: Counter[str] = Counter()

    def look_soon(self) -> None:
        """At once, whether anything seems to have changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled. What changed is read when it has been the same at two looks: nobody is writing it."""
        applied = seen = await self._look()
        while True:
            await self._wait()
            is_asked = self._asked.is_set()
            self._asked.clear()
            now = await self._look()
            if is_asked or (now == seen and now != applied):
                await self._apply()
                await self._on_read()
                self.counters["read"] += 1
                applied = now
            seen = now

    async def _look(self) -> Prints:
        """Beside the loop: the disk may be busy."""
        return await asyncio.to_thread(_prints, self._directories)

    async def _wait(self) -> None:
        """For the next look, or for somebody who asks for it."""
        asking = asyncio.ensure_future(self._asked.wait())
        sleeping = asyncio.ensure_future(self._clock.sleep(LOOK_INTERVAL_S))
        try:
            await asyncio.wait({asking, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
            sleeping.cancel()

    async def _apply(self) -> None:
        devices = {supervisor.device_id: supervisor for supervisor in self._registry}
        # Reading and checking some dozens of files takes longer than a turn of the loop may.
        present = {
            device_id: _Present(
                self._registry.configured[device_id], self._registry.places[device_id], supervisor.device_class
            )
            for device_id, supervisor in devices.items()
        }
        resolved = await asyncio.to_thread(_resolve, self._registry, present)
        for device_id, found in resolved.items():
            supervisor = devices[device_id]
            if self._registry.get(device_id) is not supervisor:
                continue  # it went meanwhile
            if isinstance(found, Refused):
                self._refuse(supervisor, found.problems)
            else:
                self._change(supervisor, found)

    def _change(self, supervisor: Supervisor, found: ResolvedDevice) -> None:
        device, profile, transport, driver_class = found
        supervisor.profile_problems = ()
        if profile == supervisor.profile:
            return
        before = supervisor.profile
        is_same_connection = all(
            getattr(profile, name) == getattr(before, name)
            for name in ("driver", "codec", "transport", "settings", "declarative")
        )
        if is_same_connection:
            supervisor.relabel(profile)
        else:
            supervisor.configure(device, profile, self._make_transport(transport), driver_class)
            self._registry.places[device.id] = transport
        self.counters["changed"] += 1
        log.info(
            log_events.PROFILE_CHANGED,
            device=supervisor.device_id,
            profile=profile.name,
            is_restarted=not is_same_connection,
        )

    def _refuse(self, supervisor: Supervisor, problems: tuple[str, ...]) -> None:
        if problems == supervisor.profile_problems:
            return
        supervisor.profile_problems = problems
        self.counters["refused"] += 1
        log.error(
            log_events.PROFILE_REFUSED,
            device=supervisor.device_id,
            profile=supervisor.profile.name,
            problems=problems,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """Everything that is wrong with what a device was to be."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Present:
    """A device as it is now."""

    settings: DeviceSettings
    place: TransportSettings
    device_class: str


def _resolve(registry: Registry, devices: Mapping[str, _Present]) -> dict[str, ResolvedDevice | Refused]:
    """Each device by itself, so that one bad profile holds no other back; then those that have one place together."""
    found = {device_id: _resolve_one(registry, device) for device_id, device in devices.items()}
    while disagreeing := _disagreeing(found, devices):
        found.update(disagreeing)
    return found


def _disagreeing(found: Mapping[str, ResolvedDevice | Refused], devices: Mapping[str, _Present]) -> dict[str, Refused]:
    """Which of the good ones cannot be at the place of another: that has its old one, if it was refused."""
    device_ids = list(found)
    entries: dict[int, Any] = {}
    for index, device_id in enumerate(device_ids):
        resolved = found[device_id]
        place = devices[device_id].place if isinstance(resolved, Refused) else resolved[2]
        entries[index] = {"id": device_id, "transport": place.model_dump(mode="json")}
    named = {f"device[{index}]": device_id for index, device_id in enumerate(device_ids)}
    problems: dict[str, list[str]] = {}
    for problem in find_duplicates(entries):
        told = _DEVICE.sub(lambda match: named.get(match[0], match[0]), str(problem))
        for device in set(_DEVICE.findall(f"{problem.key} {problem.expected}")) & named.keys():
            problems.setdefault(named[device], []).append(told)
    return {
        device_id: Refused(tuple(told))
        for device_id, told in problems.items()
        if not isinstance(found[device_id], Refused)
    }


def _resolve_one(registry: Registry, device: _Present) -> ResolvedDevice | Refused:
    try:
        [resolved] = registry.resolve([device.settings])
    except ConfigError as problem:
        return Refused(tuple(re.sub(r"^device\[\d+\]\.", "", str(each)) for each in problem.problems))
    # Topics, statistics, and whether its bytes may be kept, hang on the class.
    if (new := resolved[3].device_class.value) != device.device_class:
        return Refused((f"device_class = {new!r}: expected {device.device_class}, until the gateway is started anew",))
    return resolved


def _prints(directories: Sequence[Path]) -> Prints:
    """What cannot be looked at has no print; the reading of it says why."""
    prints = {}
    for directory in directories:
        with suppress(OSError):
            for path in directory.iterdir():
                if path.suffix == SUFFIX:
                    with suppress(OSError):  # a dangling link hides no other
                        stat = path.stat()
                        prints[str(path)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return prints
