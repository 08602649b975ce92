"""Cancellations that came before the job they are for: two messages of one till may pass each other on their way."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from edge_gateway.contracts.clock import Clock

EARLY_CANCEL_S: Final = 60.0
"""A print that comes later than this after its cancellation was not meant by it: no message is on its way so long."""
EARLY_CANCELS_MAX: Final = 256
"""More than all tills of a store cancel in that time. The oldest is forgotten first."""


class EarlyCancels:
    """In memory alone: after a restart of the gateway a till asks again what became of its job."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: OrderedDict[tuple[str, str], float] = OrderedDict()

    def remember(self, device_id: str, job_id: str) -> None:
        self._until_s[device_id, job_id] = self._clock.monotonic() + EARLY_CANCEL_S
        self._until_s.move_to_end((device_id, job_id))
        if len(self._until_s) > EARLY_CANCELS_MAX:
            self._until_s.popitem(last=False)

    def take(self, device_id: str, job_id: str) -> bool:
        """The job that comes now was cancelled before; it is not remembered any more."""
        until_s = self._until_s.pop((device_id, job_id), None)
        return until_s is not None and self._clock.monotonic() < until_s
