"""When to connect again, from how the last connections ended; and when a device counts as gone."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from edge_gateway.contracts.backoff import Backoff

REOPEN_S_FIRST = 0.05
REOPEN_S_MAX = 0.5
"""A device is back on the bus within 2 s of its return, however long it was away."""

HUNG_UP_S_MAX = 1.5
"""Instead, where the far end takes each connection and drops it: opening costs both sides more than looking does."""

SHORT_S = 2.0
"""A connection that ended sooner, without one valid frame, was none."""

LOOK_INTERVAL_S = 0.25
"""A node that is missing is looked for so often, on the clock's full quarters: all supervisors of a box look in one
turn of the loop, since waking up costs more than looking."""

RESTART_S_FIRST = 0.5
RESTART_S_MAX = 30.0
"""After a driver's bug: rare enough not to fill the log, often enough to come back without a person."""

STEADY_S = 5.0
"""A connection that lasted this long was a good one: the next loss is followed by a short delay again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection that has ended. ``was_connected``: the port was open; ``has_frames``: a valid frame came."""

    lasted_s: float
    was_connected: bool
    has_frames: bool
    is_fault: bool
    """A bug of the driver ended it."""


class Reconnecting:
    """The delays of one device, and its misses in a row."""

    def __init__(self, random: Random) -> None:
        self._reopen = Backoff(REOPEN_S_FIRST, REOPEN_S_MAX, random)
        self._hung_up = Backoff(REOPEN_S_MAX, HUNG_UP_S_MAX, random)
        self._restart = Backoff(RESTART_S_FIRST, RESTART_S_MAX, random)
        self._misses = 0

    def is_gone(self, attempt: Attempt, misses_max: int) -> bool:
        """After this attempt; False: it may only be interrupted. An attempt that failed, or that the far end ended at
        once, is a miss; the end of a good connection is none."""
        is_good = attempt.has_frames or (attempt.was_connected and attempt.lasted_s >= SHORT_S)
        self._misses = 0 if is_good else self._misses + 1
        return attempt.is_fault or misses_max <= 1 or self._misses >= misses_max

    def delay_s(self, attempt: Attempt) -> float:
        """Until the next attempt."""
        backoff = self._reopen
        if attempt.is_fault:
            backoff = self._restart
        elif attempt.was_connected and attempt.lasted_s < SHORT_S and not attempt.has_frames:
            backoff = self._hung_up
        elif attempt.has_frames:
            self._hung_up.reset()
        if attempt.lasted_s >= STEADY_S:
            for each in (self._reopen, self._hung_up, self._restart):
                each.reset()
        return backoff.next_delay()


def until_next_look_s(now_s: float) -> float:
    """To the clock's next full quarter of a second (monotonic)."""
    quarters = now_s / LOOK_INTERVAL_S
    return (round(quarters) + 1 - quarters) * LOOK_INTERVAL_S  # round: a timer may fire a little early
