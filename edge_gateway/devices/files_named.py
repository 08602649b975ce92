"""Files that the settings of devices name, such as logos: told before a command needs them, and no reason to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import ConfigProblem
from edge_gateway.contracts.named_files import FileProblem, NamesFiles
from edge_gateway.devices.profiles import driver_settings
from edge_gateway.devices.registry import Registry
from edge_gateway.devices.resolving import ResolvedDevice

log = structlog.get_logger(__name__)


def file_problems(resolved: Sequence[ResolvedDevice]) -> Iterator[ConfigProblem]:
    """Of all devices of a configuration, by their place in it. Reads the files."""
    for index, (device, profile, _, driver_class) in enumerate(resolved):
        settings = driver_settings(driver_class, profile, device)
        for found in settings.file_problems() if isinstance(settings, NamesFiles) else ():
            key = ".".join((f"device[{index}].settings", *found.key))
            yield ConfigProblem(key, repr(found.value), f"{found.problem}; the gateway starts all the same")


async def tell_unusable_files(registry: Registry) -> None:
    """Once, in the log. What needs one of them is refused, and all else goes on."""
    for device in registry:
        settings = device.driver_settings
        if not isinstance(settings, NamesFiles) or not settings.has_files:
            continue
        for found in await asyncio.to_thread(_looked_at, settings):
            setting = ".".join(found.key)
            log.warning(log_events.DEVICE_FILE_UNUSABLE, device=device.device_id, setting=setting, reason=found.problem)


def _looked_at(settings: NamesFiles) -> list[FileProblem]:
    return list(settings.file_problems())
