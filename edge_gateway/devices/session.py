"""One connection to one device: what its driver may say, and the link that brings it bytes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import Driver
from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.events import FrameRejected
from edge_gateway.contracts.states import DeviceFlag
from edge_gateway.contracts.transport import Transport
from edge_gateway.devices.condition import Condition
from edge_gateway.devices.statistics import DeviceStatistics

REJECT_LOG_INTERVAL_S = 60.0
"""Rejected frames are all counted; a noisy line is written about once a minute."""

log = structlog.get_logger(__name__)


class RejectedFrames:
    """Counts rejected frames of one device over all its connections, and logs them at a limited rate."""

    def __init__(self, device_id: str, clock: Clock, counters: Counter[str], statistics: DeviceStatistics) -> None:
        self._device_id = device_id
        self._clock = clock
        self._counters = counters
        self._statistics = statistics
        self._unlogged = 0
        self._logged_s: float | None = None

    def add(self, rejected: FrameRejected) -> None:
        self._counters["frames_rejected"] += 1
        self._statistics.frame_rejected()
        self._unlogged += 1
        now_s = self._clock.monotonic()
        if self._logged_s is None or now_s - self._logged_s >= REJECT_LOG_INTERVAL_S:
            # Never the bytes: they may be of a card.
            log.warning(
                log_events.FRAMES_REJECTED,
                device=self._device_id,
                count=self._unlogged,
                last_reason=rejected.reason,
                last_length=rejected.length,
            )
            self._logged_s, self._unlogged = now_s, 0


class DeviceSession:
    """Implements ``contracts.driver.Session``. After ``end`` it is deaf: a driver that lives on changes nothing."""

    def __init__(
        self,
        device_id: str,
        transport: Transport,
        clock: Clock,
        condition: Condition,
        rejected_frames: RejectedFrames,
        counters: Counter[str],
        emit: Callable[[str, Mapping[str, Any]], None],
        forget_raw: Callable[[], None] = lambda: None,
    ) -> None:
        self.device_id = device_id
        self.transport = transport
        self.clock = clock
        self.has_spoken = False
        """The driver has said whether the device answers."""
        self._condition = condition
        self._rejected_frames = rejected_frames
        self._counters = counters
        self._emit = emit
        self._forget_raw = forget_raw
        self._is_ended = False
        self._is_warned = False

    def end(self) -> None:
        self._is_ended = True

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        if not self._is_ended:
            self._counters["events"] += 1
            self._emit(name, data)

    def frame_seen(self) -> None:
        if not self._is_ended:
            self.has_spoken = True
            self._counters["frames"] += 1
            self._condition.frame_seen()

    def frame_rejected(self, rejected: FrameRejected) -> None:
        if not self._is_ended:
            self._rejected_frames.add(rejected)

    def count(self, name: str) -> None:
        if not self._is_ended:
            self._counters[name] += 1

    def set_answering(self, is_answering: bool | None, reason: str | None = None) -> None:
        if not self._is_ended:
            self.has_spoken = True
            self._condition.set_answering(is_answering, reason)

    def set_flags(self, flags: frozenset[str]) -> None:
        self._set_flags(flags, None)

    def set_condition(self, flags: frozenset[str], details: Mapping[str, Any]) -> None:
        self._set_flags(flags, details)

    def _set_flags(self, flags: frozenset[str], details: Mapping[str, Any] | None) -> None:
        if not self._is_ended:
            self._condition.set_flags(flags, details)
            if DeviceFlag.SEPARATORS_MISSING in flags and not self._is_warned:
                self._is_warned = True
                log.warning(log_events.SEPARATORS_MISSING, device=self.device_id)

    def set_details(self, details: Mapping[str, Any]) -> None:
        if not self._is_ended:
            self._condition.set_details(details)

    def set_info(self, info: Mapping[str, Any]) -> None:
        if not self._is_ended:
            self._condition.set_reported(info)

    def forget_raw(self, *, is_sent_too: bool = False) -> None:
        self._forget_raw()  # also after the end: what was received is still there. The ring wipes both ways


class Link:
    """The sink of one connection: hands bytes to the driver, and turns the end into an exception."""

    def __init__(self, driver: Driver, counters: Counter[str], description: str) -> None:
        self._driver = driver
        self._counters = counters
        self._description = description
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self._counters["bytes_received"] += len(data)
        if self.end.done():
            return
        try:
            self._driver.data_received(data)
        except Exception as error:  # noqa: BLE001 - the boundary of the device, as in the supervisor
            self._end_with(error)

    def connection_lost(self, error: Exception | None) -> None:
        reason = "the far end closed the connection" if error is None else str(error)
        self._end_with(TransportError(f"{self._description}: {reason}"))

    def _end_with(self, error: Exception) -> None:
        if not self.end.done():
            self.end.set_exception(error)
            self.end.exception()  # taken, also where the conversation has ended for another reason
