"""How an uplink is doing: its health with the reason, lost and recovered told once each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.states import Health

UNHEALTHY_AFTER_S: Final = 60.0
"""Failing for this long is more than a hiccup of the line: somebody should look."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Failure:
    since_s: float
    reason: str


class Conduct:
    """Of one uplink. ``part``: what of it fails or works: a stream, or the outbox it reads."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._failures: dict[str, _Failure] = {}
        self._lost_at_s = 0.0
        self._answered_at_s: float | None = None
        self.last_sync: datetime | None = None

    @property
    def health(self) -> Health:
        if not self._failures:
            return Health.INACTIVE if self.last_sync is None else Health.HEALTHY
        since_s = max(self._oldest.since_s, self._answered_at_s or 0.0)
        is_long = self._clock.monotonic() - since_s >= UNHEALTHY_AFTER_S
        return Health.UNHEALTHY if is_long else Health.DEGRADED

    @property
    def reason(self) -> str | None:
        """Why it is not healthy."""
        if self._failures:
            return self._oldest.reason
        return "nothing to deliver so far" if self.last_sync is None else None

    def reason_of(self, part: str) -> str | None:
        """Why this part fails; None if it does not."""
        failure = self._failures.get(part)
        return None if failure is None else failure.reason

    def failed(self, part: str, reason: str) -> None:
        now_s = self._clock.monotonic()
        if not self._failures:
            self._lost_at_s = now_s
            _log.warning(log_events.UPLINK_LOST, uplink=self._name, part=part, reason=reason)
        known = self._failures.get(part)
        self._failures[part] = _Failure(now_s if known is None else known.since_s, reason)

    def delivered(self, part: str) -> None:
        self.last_sync = self._clock.now()
        self.answered(part)

    def answered(self, part: str) -> None:
        """The way works, whatever the far end said of the events."""
        self._answered_at_s = self._clock.monotonic()
        self.is_well(part)

    def is_well(self, part: str) -> None:
        """Nothing is wrong with it any longer: it works, or has nothing left to fail with."""
        if self._failures.pop(part, None) is not None and not self._failures:
            away_s = round(self._clock.monotonic() - self._lost_at_s, 3)
            _log.info(log_events.UPLINK_RECOVERED, uplink=self._name, away_s=away_s)

    @property
    def _oldest(self) -> _Failure:
        return min(self._failures.values(), key=lambda failure: failure.since_s)
