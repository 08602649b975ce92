"""Keeps the statistics of devices over restarts: written now and then, and at the stop."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.waiting import within

NAME: Final = "device_statistics"
SAVE_INTERVAL_S: Final = 600.0
"""What a crash makes forgotten at most; one small write in that time wears no card."""
LOAD_RETRY_S: Final = 5.0
"""While the store waits for room on its disk."""
DEVICES_MAX: Final = 500
"""Kept also of devices that are not configured at the moment: they come back from repair. Far above any store."""
STOP_S_MAX: Final = 0.5
"""For the last write: a disk that hangs does not keep the daemon from ending."""

log = structlog.get_logger(__name__)


class Statistics(Protocol):
    """Of one device."""

    def add_kept(self, kept: Mapping[str, float]) -> None: ...

    def to_keep(self) -> Mapping[str, float]: ...


class KeepsValues(Protocol):
    """Named values on disk. Raises StoreError."""

    async def get(self, name: str) -> Any: ...

    async def put(self, name: str, value: str) -> None: ...


class StatisticsKeeper:
    """``devices``: id and statistics of each. Nothing is written before what was kept has been read.

    It is told of devices that come and go meanwhile: ``joined``, ``left``; and that go for good: ``forget``.
    """

    def __init__(
        self, devices: Callable[[], Iterable[tuple[str, Statistics]]], values: KeepsValues, clock: Clock
    ) -> None:
        self._devices = devices
        self._values = values
        self._clock = clock
        self._kept: dict[str, Mapping[str, float]] | None = None
        self._written: Mapping[str, Mapping[str, float]] = {}
        self._forgotten: set[str] = set()

    def joined(self, device_id: str, statistics: Statistics) -> None:
        """A device that was not there at the start goes on where it was."""
        if self._kept is not None:
            statistics.add_kept(self._kept.get(device_id, {}))

    def left(self, device_id: str, statistics: Statistics) -> None:
        """What it counted is kept until it comes back."""
        if self._kept is not None:
            self._kept[device_id] = dict(statistics.to_keep())

    def forget(self, device_id: str) -> None:
        """It does not come back: nothing of it is kept."""
        if self._kept is None:
            self._forgotten.add(device_id)  # until what was kept has been read
        else:
            self._kept.pop(device_id, None)

    async def run(self) -> None:
        """Until cancelled."""
        while not await self._load():
            await self._clock.sleep(LOAD_RETRY_S)
        while True:
            await self._clock.sleep(SAVE_INTERVAL_S)
            await self._save()

    async def stop(self) -> None:
        """After the devices have ended: the last write."""
        await within(self._clock, STOP_S_MAX, self._save())

    async def _load(self) -> bool:
        try:
            stored = await self._values.get(NAME)
        except StoreError:
            return False  # the store says itself why it cannot be used
        self._kept = _read(stored)
        self._written = dict(self._kept)
        for device_id in self._forgotten:
            self._kept.pop(device_id, None)
        for device_id, statistics in self._devices():
            statistics.add_kept(self._kept.get(device_id, {}))
        return True

    async def _save(self) -> None:
        if self._kept is None:
            return
        present = {device_id: dict(statistics.to_keep()) for device_id, statistics in self._devices()}
        absent = {device_id: kept for device_id, kept in self._kept.items() if device_id not in present}
        kept: dict[str, Mapping[str, float]] = {**absent, **present}
        if kept == self._written:
            return
        for device_id in list(kept)[: max(0, len(kept) - DEVICES_MAX)]:
            del kept[device_id]
        self._kept, writing = kept, dict(kept)
        try:
            await self._values.put(NAME, json.dumps(writing, separators=(",", ":")))
        except StoreError:
            return  # the next time is soon enough
        self._written = writing


def _read(stored: Any) -> dict[str, Mapping[str, float]]:
    """What is no statistics counts as none: numbers of use are not worth a gateway that does not start."""
    try:
        found = json.loads(stored) if isinstance(stored, str) else {}
        return {
            str(device_id): {str(name): float(value) for name, value in counts.items() if math.isfinite(float(value))}
            for device_id, counts in found.items()
        }
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        log.warning(log_events.STATISTICS_FORGOTTEN, reason=type(error).__name__)
        return {}
