"""What is known of one device right now, and the telling of every real change of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.events import DeviceState
from edge_gateway.contracts.states import PowerState
from edge_gateway.devices.disconnects import Disconnects

REASON_INTERVAL_S = 10.0
"""An absent device may give another reason at every look (no route, no answer); it is told again only this often."""

AGE_DECIMALS = 3
"""Milliseconds: finer than any clock of a reader, and what the other times of the bus have."""

log = structlog.get_logger(__name__)


class Condition:
    """The state of one device. Owned by its supervisor; ``on_change`` is called only where something differs."""

    def __init__(self, device_id: str, transport: str, clock: Clock, on_change: Callable[[], None]) -> None:
        self._device_id = device_id
        self.transport = transport
        """Where it is attached, for people."""
        self._clock = clock
        self._on_change = on_change
        self._power = self._logged = PowerState.UNKNOWN
        self._reason: str | None = "not opened yet"
        self._since = clock.now()
        self._absent_told_s = 0.0
        self._flags: tuple[str, ...] = ()
        self._details: Mapping[str, Any] = {}
        self._jobs: Mapping[str, Any] | None = None
        self._reported: Mapping[str, Any] = {}
        self._last_frame_s: float | None = None
        self._connection_count = 0
        self.disconnects = Disconnects(clock)

    @property
    def power(self) -> PowerState:
        return self._power

    @property
    def reason(self) -> str | None:
        return self._reason

    @property
    def reported(self) -> Mapping[str, Any]:
        """What the device said of itself."""
        return self._reported

    def snapshot(self) -> DeviceState:
        """The state as of now."""
        frame_s = self._last_frame_s
        age_s = None if frame_s is None else max(0.0, round(self._clock.monotonic() - frame_s, AGE_DECIMALS))
        return DeviceState(
            power=self._power.value,
            since=self._since,
            reason=self._reason,
            flags=self._flags,
            last_frame_age_s=age_s,
            reconnect_count=max(0, self._connection_count - 1),
            details=self._details if self._jobs is None else {**self._details, "jobs": self._jobs},
            last_disconnect=self.disconnects.newest[-1] if self.disconnects.newest else None,
        )

    @property
    def is_absence_told(self) -> bool:
        """The device is off, and it is not time yet to tell why once more."""
        is_fresh = self._clock.monotonic() - self._absent_told_s < REASON_INTERVAL_S
        return self._power is PowerState.OFF and is_fresh

    def connected(self) -> None:
        """The transport is open. Whether the device answers is for the driver to say."""
        self.disconnects.connected()
        self._connection_count += 1

    def interrupted(self, reason: str) -> None:
        """The connection is gone, or could not be made, and may be back at once: silent, and no alarm yet."""
        self.disconnects.lost(reason)
        if self._power is not PowerState.OFF:
            # What is logged stays as it was: a flap that is over soon is no news.
            self._set(PowerState.OFFLINE, reason, flags=(), details={}, is_quiet=True)

    def disconnected(self, reason: str) -> None:
        """The connection is gone, or could not be made: nothing that was known of the device holds any more."""
        self.disconnects.lost(reason)
        if self.is_absence_told:
            return
        self._absent_told_s = self._clock.monotonic()
        self._set(PowerState.OFF, reason, flags=(), details={})

    def stopped(self) -> None:
        """Nobody watches the device any more."""
        self.disconnects.ended()
        self._set(PowerState.UNKNOWN, "the gateway has stopped", flags=(), details={})

    def set_answering(self, is_answering: bool | None, reason: str | None) -> None:
        if is_answering:
            self._set(PowerState.ONLINE, None)
        elif is_answering is None:
            self._set(PowerState.UNKNOWN, reason or f"silent on {self.transport}")
        else:
            self._set(PowerState.OFFLINE, reason or f"does not answer on {self.transport}")

    def frame_seen(self) -> None:
        self._last_frame_s = self._clock.monotonic()
        if self._power is not PowerState.ONLINE:
            self._set(PowerState.ONLINE, None)

    def set_flags(self, flags: frozenset[str], details: Mapping[str, Any] | None = None) -> None:
        """The flags, and in the same change the details where they are given."""
        told = None if details is None else dict(details)
        self._set(self._power, self._reason, flags=tuple(sorted(flags)), details=told)

    def set_details(self, details: Mapping[str, Any]) -> None:
        self._set(self._power, self._reason, details=dict(details))

    def set_jobs(self, jobs: Mapping[str, Any]) -> None:
        """Of the gateway's spool: they stay, whether the printer is there or not."""
        if jobs != self._jobs:
            self._jobs = dict(jobs)
            self._on_change()

    def set_reported(self, reported: Mapping[str, Any]) -> None:
        if dict(reported) != self._reported:
            self._reported = dict(reported)
            self._on_change()

    def _set(
        self,
        power: PowerState,
        reason: str | None,
        *,
        flags: tuple[str, ...] | None = None,
        details: Mapping[str, Any] | None = None,
        is_quiet: bool = False,
    ) -> None:
        flags = self._flags if flags is None else flags
        details = self._details if details is None else details
        if (power, reason, flags, details) == (self._power, self._reason, self._flags, self._details):
            return
        before, before_reason = self._power, self._reason
        if power is not before:
            self._since = self._clock.now()
            if power is PowerState.ONLINE:
                self.disconnects.answers()
            elif power is PowerState.OFFLINE and before is PowerState.ONLINE:
                self.disconnects.fell_silent(reason or "")
        self._power, self._reason, self._flags, self._details = power, reason, flags, details
        # Right after opening, a driver that has to ask says so: that its device has not answered yet is no news.
        is_awaited = power is PowerState.OFFLINE and before not in (PowerState.ONLINE, PowerState.OFFLINE)
        is_news = power is not before or reason != before_reason
        if is_news and not is_awaited and not is_quiet and power is not self._logged:
            self._log()
            self._logged = power
        self._on_change()

    def _log(self) -> None:
        """Each loss, silence and recovery once; another reason for the same state goes to the bus only."""
        about = log.bind(device=self._device_id, transport=self.transport)
        match self._power:
            case PowerState.OFF:
                about.warning(log_events.DEVICE_LOST, reason=self._reason)
            case PowerState.OFFLINE:
                about.warning(log_events.DEVICE_SILENT, reason=self._reason)
            case PowerState.ONLINE if self._logged is PowerState.OFFLINE:
                about.info(log_events.DEVICE_ANSWERED)
            case PowerState.ONLINE:
                about.info(log_events.DEVICE_CONNECTED, connection=self._connection_count)
            case PowerState.UNKNOWN:
                pass  # the gateway stops, and says so itself
