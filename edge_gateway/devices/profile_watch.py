"""Firmware profiles that change while the gateway runs: a good change is applied, a bad one told and left alone."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.profile_files import SUFFIX
from edge_gateway.devices.profiles import find_profile_problems
from edge_gateway.devices.registry import Registry, ResolvedDevice, resolve_devices
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TransportSettings

LOOK_INTERVAL_S: Final = 2.0
"""A person who saved a profile waits no longer; a look costs a directory listing."""

Prints = Mapping[str, tuple[int, int, int]]
"""By path: time of change, size and inode of each profile."""

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
        applied = seen = _prints(self._directories)
        while True:
            await self._wait()
            is_asked = self._asked.is_set()
            self._asked.clear()
            now = _prints(self._directories)
            if is_asked or (now == seen and now != applied):
                await self._apply()
                await self._on_read()
                self.counters["read"] += 1
                applied = now
            seen = now

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
        settings = [supervisor.settings for supervisor in devices.values()]
        # Reading and checking some dozens of files takes longer than a turn of the loop may.
        resolved = await asyncio.to_thread(_resolve, settings, self._directories)
        for device_id, found in resolved.items():
            supervisor = devices[device_id]
            if isinstance(found, Refused):
                self._refuse(supervisor, found.problems)
            else:
                self._change(supervisor, found)

    def _change(self, supervisor: Supervisor, found: ResolvedDevice) -> None:
        _, profile, transport, driver_class = found
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
            supervisor.configure(profile, self._make_transport(transport), driver_class)
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


def _resolve(settings: Sequence[DeviceSettings], directories: Sequence[Path]) -> dict[str, ResolvedDevice | Refused]:
    """Each device by itself, so that one bad profile holds no other back; then all that are good, together."""
    found: dict[str, ResolvedDevice | Refused] = {device.id: _resolve_one(device, directories) for device in settings}
    good = {index: device for index, device in enumerate(settings) if not isinstance(found[device.id], Refused)}
    try:
        resolve_devices(list(good.values()), directories)
    except ConfigError as error:  # two of them have one place now
        found.update(dict.fromkeys((device.id for device in good.values()), _refused(error)))
    return found


def _resolve_one(device: DeviceSettings, directories: Sequence[Path]) -> ResolvedDevice | Refused:
    if (error := find_profile_problems(device.profile, directories)) is not None:
        return Refused(tuple(f"{error.source}: {problem}" for problem in error.problems))
    try:
        [resolved] = resolve_devices([device], directories)
    except ConfigError as problem:
        return _refused(problem)
    return resolved


def _refused(error: ConfigError) -> Refused:
    return Refused(tuple(re.sub(r"^device\[\d+\]\.", "", str(problem)) for problem in error.problems))


def _prints(directories: Sequence[Path]) -> Prints:
    """What cannot be looked at has no print; the reading of it says why."""
    prints = {}
    for directory in directories:
        try:
            for path in directory.iterdir():
                if path.suffix == SUFFIX:
                    stat = path.stat()
                    prints[str(path)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            continue
    return prints
