"""How full the store is, and whom it tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_gateway.store.fill import FillAlarm, FillLevel, fill_percent
from tests.support.stores import event, open_store


@pytest.mark.parametrize(
    ("percents", "levels"),
    [
        ([0, 69.9, 70, 84, 85, 95, 100], [0, 0, 70, 70, 85, 95, 95]),
        ([70, 69, 65.1, 65, 69, 70], [70, 70, 70, 0, 0, 70]),
        ([96, 91, 90, 81, 80, 66, 65, 10], [95, 95, 85, 85, 70, 70, 0, 0]),
        ([100, 3, 100], [95, 0, 95]),
    ],
)
def test_fill_alarm_rises_at_once_and_falls_with_hysteresis(percents: list[float], levels: list[int]) -> None:
    alarm = FillAlarm()
    before, found = FillLevel.NORMAL, []
    for percent in percents:
        assert alarm.update(percent) == (alarm.level is not before)
        before = alarm.level
        found.append(int(alarm.level))
    assert found == levels


@pytest.mark.parametrize(
    ("used", "bytes_max", "free", "reserve", "percent"),
    [
        (70, 100, 10_000, 50, 70.0),
        (70, 10_000, 80, 50, 70.0),  # the disk leaves 30 more
        (70, 10_000, 50, 50, 100.0),
        (70, 10_000, 0, 50, 100.0),
        (120, 100, 10_000, 50, 100.0),
        (0, 100, 0, 0, 100.0),
    ],
)
def test_fill_percent_is_of_what_sales_may_use(
    used: int, bytes_max: int, free: int, reserve: int, percent: float
) -> None:
    assert fill_percent(used, bytes_max, free, reserve) == pytest.approx(percent)


async def test_database_tells_how_full_it_is_with_wal_and_indexes(tmp_path: Path) -> None:
    async with open_store(tmp_path, bytes_max=20_000_000) as store:
        empty = store.database.fill_percent
        for number in range(500):
            await store.outbox.append(event(f"e{number}", padding=10_000), key=f"k{number}", digest="d")
        await store.database.measure()
        assert empty < 3
        assert 25 < store.database.fill_percent < 60
        files = [tmp_path / f"outbox.db{suffix}" for suffix in ("", "-wal", "-shm")]
        assert store.database.bytes_on_disk == sum(file.stat().st_size for file in files)
