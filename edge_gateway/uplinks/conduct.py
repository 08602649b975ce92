"""How a way to the cloud is doing: its health with the reason, lost and recovered told once each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.states import Health

UNHEALTHY_AFTER_S: Final = 60.0
"""Failing for this long is more than a hiccup of the line: somebody should look."""

_log = structlog.get_logger()


class Conduct:
    """Of one stream over one uplink; ``name``: such as ``https/transactions``."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._failing_since: float | None = None
        self._failure: str | None = None
        self.last_delivery: datetime | None = None

    @property
    def health(self) -> Health:
        if self._failing_since is not None:
            is_long = self._clock.monotonic() - self._failing_since >= UNHEALTHY_AFTER_S
            return Health.UNHEALTHY if is_long else Health.DEGRADED
        return Health.INACTIVE if self.last_delivery is None else Health.HEALTHY

    @property
    def reason(self) -> str | None:
        """Why it is not healthy."""
        if self._failure is not None:
            return self._failure
        return "nothing to deliver so far" if self.last_delivery is None else None

    def failed(self, reason: str) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock.monotonic()
            _log.warning(log_events.UPLINK_LOST, uplink=self._name, reason=reason)
        self._failure = reason

    def delivered(self) -> None:
        self.last_delivery = self._clock.now()
        self.answered()

    def answered(self) -> None:
        """The way works, whatever the cloud said of the events."""
        if self._failing_since is not None:
            away_s = round(self._clock.monotonic() - self._failing_since, 3)
            _log.info(log_events.UPLINK_RECOVERED, uplink=self._name, away_s=away_s)
        self._failing_since = self._failure = None
