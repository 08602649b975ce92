"""All devices of the store: built from the configuration, with every problem of every device told at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.printers_named import require_printers
from edge_gateway.devices.resolving import ResolvedDevice, resolve_devices
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.devices.wires_needed import require_wires
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TransportSettings


class Registry:
    """The supervisors, by device id. Devices may come while it runs, and those that came so may go.

    ``on_added`` and ``on_removed`` are told of these. Raises ConfigError with all problems of all ``devices``.
    """

    def __init__(
        self,
        devices: Sequence[DeviceSettings],
        make: Callable[[ResolvedDevice], Supervisor],
        make_quiet: Callable[[ResolvedDevice], Supervisor],
        profile_directories: Sequence[Path] = (),
        store_defaults: Mapping[str, Any] = MappingProxyType({}),
        on_added: Callable[[Supervisor], None] | None = None,
        on_removed: Callable[[Supervisor], None] | None = None,
    ) -> None:
        self._make = make
        self._make_quiet = make_quiet
        self._profile_directories = profile_directories
        self._store_defaults = store_defaults
        self._on_added = on_added or _nobody_hears
        self._on_removed = on_removed or _nobody_hears
        self._supervisors: dict[str, Supervisor] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._sequences: dict[str, int] = {}
        """Of those that went: who comes back under the id goes on counting, so that no number is given twice."""
        self.places: dict[str, TransportSettings] = {}
        """By device id, where each is attached."""
        self.configured: dict[str, DeviceSettings] = {}
        """By device id, what was written of each: without what holds for the store."""
        all_resolved = self.resolve(devices)
        require_printers(all_resolved)
        require_wires(all_resolved)
        for device, resolved in zip(devices, all_resolved, strict=True):
            self._add(device, resolved)

    def get(self, device_id: str) -> Supervisor | None:
        return self._supervisors.get(device_id)

    def __iter__(self) -> Iterator[Supervisor]:
        return iter(tuple(self._supervisors.values()))

    def __len__(self) -> int:
        return len(self._supervisors)

    def add(self, device: DeviceSettings) -> Supervisor:
        """One more, running if the others do. Raises ConfigError with all its problems."""
        (resolved,) = self.resolve([device])
        if device.id in self._supervisors:
            problem = ConfigProblem("id", repr(device.id), "an id of its own; another device has it already")
            raise ConfigError([problem], f"device {device.id}")
        supervisor = self._add(device, resolved)
        self._on_added(supervisor)
        self._start(supervisor)
        return supervisor

    def try_out(self, device: DeviceSettings) -> Supervisor:
        """One that is none of the store's: whoever runs it alone hears of it. Raises ConfigError."""
        (resolved,) = self.resolve([device])
        return self._make_quiet(resolved)

    def resolve(self, devices: Sequence[DeviceSettings]) -> list[ResolvedDevice]:
        """With the profiles as they are on disk now, and what holds for this store. Raises ConfigError."""
        return resolve_devices(devices, self._profile_directories, self._store_defaults)

    async def remove(self, device_id: str) -> None:
        """End one, and forget it."""
        supervisor = self._supervisors.pop(device_id, None)
        self.places.pop(device_id, None)
        self.configured.pop(device_id, None)
        if supervisor is not None:
            self._on_removed(supervisor)
        task = self._tasks.pop(device_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        if supervisor is not None:
            self._sequences[device_id] = supervisor.sequence

    async def run(self) -> None:
        """Every device, until cancelled. A supervisor ends by cancellation alone, so none ends another."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for supervisor in self:
                    self._start(supervisor)
                await asyncio.Event().wait()
            finally:
                self._group = None

    def _add(self, device: DeviceSettings, resolved: ResolvedDevice) -> Supervisor:
        _, _, transport, _ = resolved
        supervisor = self._supervisors[device.id] = self._make(resolved)
        supervisor.sequence = self._sequences.pop(device.id, 0)
        self.configured[device.id] = device
        self.places[device.id] = transport
        return supervisor

    def _start(self, supervisor: Supervisor) -> None:
        if self._group is not None:
            name = f"device {supervisor.device_id}"
            self._tasks[supervisor.device_id] = self._group.create_task(supervisor.run(), name=name)


def build_registry(
    settings: Sequence[DeviceSettings],
    *,
    make_transport: Callable[[TransportSettings], Transport],
    clock: Clock,
    random: Random,
    on_event: Callable[[StampedEvent], None],
    on_change: Callable[[Supervisor], None],
    profile_directories: Sequence[Path] = (),
    store_defaults: Mapping[str, Any] | None = None,
    on_added: Callable[[Supervisor], None] | None = None,
    on_removed: Callable[[Supervisor], None] | None = None,
) -> Registry:
    """Nothing is opened yet. Raises ConfigError with all problems of all devices.

    ``store_defaults``: settings that hold for the store; they reach every driver that has a setting of that name.
    """

    def make(resolved: ResolvedDevice) -> Supervisor:
        device, profile, transport, driver_class = resolved
        return Supervisor(device, profile, make_transport(transport), driver_class, clock, random, on_event, on_change)

    def make_quiet(resolved: ResolvedDevice) -> Supervisor:
        device, profile, transport, driver_class = resolved
        made = make_transport(transport)
        return Supervisor(device, profile, made, driver_class, clock, random, _nobody_hears, _nobody_hears)

    return Registry(settings, make, make_quiet, profile_directories, store_defaults or {}, on_added, on_removed)


def _nobody_hears(_: object) -> None:
    """Of a device that is only tried out, and where nobody asked to be told."""
