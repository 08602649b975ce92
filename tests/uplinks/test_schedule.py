"""When a stream is due, on clocks that jump and in nights that are an hour short or long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.settings import StreamSettings, Sync
from edge_gateway.uplinks.couriers.schedule import PERIODS_S, WALL_CLOCK_CHECK_S, WINDOW_SPREAD, Schedule
from tests.support.clock import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def schedule(sync: Sync, clock: FakeClock, *, window: str | None = None, jitter: float = 0.0) -> Schedule:
    return Schedule(StreamSettings(sync=sync, window=window), BERLIN, clock, jitter)


def test_real_time_is_always_due() -> None:
    each = schedule("real_time", FakeClock())
    each.drained()
    assert (each.due_in_s(), each.next_sync) == (0.0, None)


@pytest.mark.parametrize("sync", PERIODS_S)
async def test_period_is_due_on_its_own_beat_until_it_is_drained(sync: Sync) -> None:
    clock, period_s = FakeClock(), PERIODS_S[sync]
    each = schedule(sync, clock, jitter=0.25)
    assert each.due_in_s() == period_s / 4
    assert each.next_sync == clock.now() + timedelta(seconds=period_s / 4)
    await clock.advance(period_s / 4)
    assert each.due_in_s() == 0
    await clock.advance(period_s * 2.5)
    assert (each.due_in_s(), each.next_sync) == (0, None), "a long drain goes on"
    each.drained()
    assert each.due_in_s() == pytest.approx(period_s / 2)
    each.drained()
    assert each.due_in_s() == pytest.approx(period_s / 2), "found empty twice, it waits no longer"


async def test_period_does_not_notice_that_the_wall_clock_jumped() -> None:
    clock = FakeClock()
    each = schedule("hourly", clock, jitter=0.5)
    clock.jump_wall_clock(86_400 * 365)
    assert each.due_in_s() == 1800
    clock.jump_wall_clock(-86_400 * 700)
    assert each.due_in_s() == 1800


def test_sync_now_makes_it_due_until_it_is_drained() -> None:
    for each in (schedule("hourly", FakeClock(), jitter=0.9), schedule("window", FakeClock(), window="02:00-03:00")):
        assert each.due_in_s() > 0
        each.sync_now()
        assert (each.due_in_s(), each.next_sync) == (0, None)
        each.drained()
        assert each.due_in_s() > 0


def test_window_is_due_within_it_in_the_time_of_the_store() -> None:
    clock = FakeClock(datetime(2026, 11, 21, 20, 59, 30, tzinfo=UTC))
    each = schedule("window", clock, window="22:00-05:00")
    assert each.due_in_s() == 30
    clock.jump_wall_clock(30)
    assert each.due_in_s() == 0
    each.drained()
    assert each.due_in_s() == 0, "drained or not: what comes within the window goes"
    clock.jump_wall_clock(7 * 3600 - 1)
    assert each.due_in_s() == 0
    clock.jump_wall_clock(1)
    assert each.due_in_s() == WALL_CLOCK_CHECK_S
    assert each.next_sync == datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


def test_window_is_looked_at_again_soon_since_the_clock_may_be_set() -> None:
    clock = FakeClock(START)
    each = schedule("window", clock, window="22:00-05:00")
    assert each.due_in_s() == WALL_CLOCK_CHECK_S
    clock.jump_wall_clock(12 * 3600)
    assert each.due_in_s() == 0
    clock.jump_wall_clock(-12 * 3600)
    assert each.due_in_s() == WALL_CLOCK_CHECK_S


def test_window_is_entered_by_each_store_at_its_own_moment() -> None:
    clock = FakeClock(datetime(2026, 11, 21, 21, 0, tzinfo=UTC))
    each = schedule("window", clock, window="22:00-02:00", jitter=0.5)
    assert each.next_sync == clock.now() + timedelta(hours=4) * WINDOW_SPREAD * 0.5


@pytest.mark.parametrize(
    ("night", "hours_open"),
    [
        pytest.param(datetime(2026, 3, 29, tzinfo=UTC), 1.0, id="02:00-03:00 does not exist this night"),
        pytest.param(datetime(2026, 10, 25, tzinfo=UTC), 2.0, id="02:00-03:00 is there twice this night"),
        pytest.param(datetime(2026, 6, 10, tzinfo=UTC), 1.0, id="a night like any other"),
    ],
)
def test_window_comes_in_every_night(night: datetime, hours_open: float) -> None:
    clock = FakeClock(night - timedelta(hours=3))
    each = schedule("window", clock, window="02:00-03:00")
    open_s = 0
    for _ in range(int(12 * 3600 / 60)):
        open_s += 60 * (each.due_in_s() == 0)
        clock.jump_wall_clock(60)
    assert open_s == hours_open * 3600


@settings(deadline=None)
@given(
    minutes=st.integers(0, 60 * 24 * 366),
    begin=st.integers(0, 1439),
    end=st.integers(0, 1439),
    jitter=st.floats(0, 0.999),
)
def test_window_always_has_a_next_time_within_two_days(minutes: int, begin: int, end: int, jitter: float) -> None:
    if begin == end:
        return
    text = "-".join(f"{each // 60:02}:{each % 60:02}" for each in (begin, end))
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
    each = schedule("window", clock, window=text, jitter=jitter)
    assert 0 <= each.due_in_s() <= WALL_CLOCK_CHECK_S
    if each.next_sync is not None:
        wait_s = (each.next_sync - clock.now()).total_seconds()
        assert 0 < wait_s <= 2 * 86_400
        clock.jump_wall_clock(wait_s)
        assert each.due_in_s() <= 1e-3
