"""When a stream is due: at once, every so many minutes, or within a window of the store's day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from edge_gateway.contracts.clock import Clock
from edge_gateway.settings import StreamSettings, Sync

PERIODS_S: Final[Mapping[Sync, float]] = {"5_min": 300.0, "15_min": 900.0, "hourly": 3600.0}

WINDOW_SPREAD: Final = 0.25
"""A store begins within this share of the window, so that a thousand of them do not come at its first second."""

WALL_CLOCK_CHECK_S: Final = 60.0
"""The wall clock may be set at any time: whoever waits for a time of the day looks at it again after this."""


class Schedule:
    """Of one stream. A stream that is due stays due until it is empty (in a window: until its end).

    ``jitter``: 0 to below 1, the store's own: its place within the period.
    """

    def __init__(self, settings: StreamSettings, zone: ZoneInfo, clock: Clock, jitter: float) -> None:
        self._zone = zone
        self._clock = clock
        self._jitter = jitter
        self._period_s = PERIODS_S.get(settings.sync)
        self._next_s = clock.monotonic() + jitter * (self._period_s or 0.0)
        self._window = None if settings.sync != "window" or settings.window is None else _times(settings.window)
        self._is_asked = False

    def due_in_s(self) -> float:
        """0 when it is due; else how long to wait before asking again."""
        if self._is_asked:
            return 0.0
        if self._window is not None:
            return min(self._opens_in_s(self._window), WALL_CLOCK_CHECK_S)
        return 0.0 if self._period_s is None else max(0.0, self._next_s - self._clock.monotonic())

    @property
    def next_sync(self) -> datetime | None:
        """When it is due next, by the wall clock; None for a stream that always is, or is now."""
        if self._is_asked:
            return None
        wait_s = self.due_in_s() if self._window is None else self._opens_in_s(self._window)
        return self._clock.now() + timedelta(seconds=wait_s) if wait_s > 0 else None

    def sync_now(self) -> None:
        """Somebody wants it now: due until it is empty."""
        self._is_asked = True

    def drained(self) -> None:
        """It is empty: due again at its next time."""
        self._is_asked = False
        if self._period_s is not None:
            late_s = self._clock.monotonic() - self._next_s
            if late_s >= 0:
                # On its own beat, whatever the drain took: else a thousand stores would come together after an outage.
                self._next_s += self._period_s * (late_s // self._period_s + 1)

    def _opens_in_s(self, window: tuple[time, time]) -> float:
        """0 within the window. By instants: a time of the day that a night in spring leaves out is an hour later."""
        now = self._clock.now()
        today = now.astimezone(self._zone).date()
        waits = []
        for days in (-1, 0, 1, 2):
            date = today + timedelta(days=days)
            opens, closes = self._instants(window, datetime.combine(date, time()))
            opens += (closes - opens) * WINDOW_SPREAD * self._jitter
            if opens <= now < closes:
                return 0.0
            if now < opens:
                waits.append((opens - now).total_seconds())
        return min(waits)

    def _instants(self, window: tuple[time, time], date: datetime) -> tuple[datetime, datetime]:
        begin, end = (datetime.combine(date, each) for each in window)
        if end <= begin:
            end += timedelta(days=1)
        opens, closes = (each.replace(tzinfo=self._zone).astimezone(UTC) for each in (begin, end))
        return opens, max(closes, opens + (end - begin))


def _times(window: str) -> tuple[time, time]:
    begin, _, end = window.partition("-")
    return time.fromisoformat(begin), time.fromisoformat(end)
