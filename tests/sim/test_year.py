"""Some days of a store's year, from several seeds. ``python -m tests.sim`` runs the whole of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.sim.process import SimulatedProcess
from tests.sim.store import SimulatedStore
from tests.sim.virtual_time import VirtualTimeLoop, run
from tests.sim.year import Year, YearReport

SEEDS = (11, 12, 13)
DAYS = 4


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> YearReport:
    """Raises if a promise is broken."""
    return Year(request.param, DAYS, tmp_path_factory.mktemp("year")).run()


def test_days_of_faults_lose_no_sale_and_bring_each_to_every_cloud_once(report: YearReport) -> None:
    print(report)
    assert report.days == DAYS
    assert report.promises["accepted"] == report.sales > DAYS
    for name, counters in report.clouds.items():
        assert report.promises[f"arrived:{name}:transactions"] == report.sales
        assert counters["repeated"] > 0, "no event came twice: the days prove less than they say"
    assert report.starts > DAYS, "no gateway was killed or stopped: the days prove less than they say"


def test_days_are_the_same_from_the_same_seed(tmp_path: Path) -> None:
    first, again = (Year(SEEDS[0], 2, tmp_path / str(number)).run().digest for number in range(2))
    assert first == again


def test_killed_gateway_does_nothing_more_and_the_next_one_finds_what_it_promised(tmp_path: Path) -> None:
    async def day() -> SimulatedStore:
        store = SimulatedStore(5, tmp_path / "outbox")
        async with store.trading():
            await store.clock.sleep(20.0)
            await store.kill_gateway()
            published = len(store.broker.journal)
            await store.clock.sleep(10.0)
            assert store.broker.journal[published:] == [], "a dead process publishes nothing"
            store.start_gateway()
            await store.clock.sleep(20.0)
        return store

    store = run(day())
    arrived = [each.event_id for each in store.cloud.arrivals if each.stream == "transactions"]
    assert arrived == list(store.lanes[0].statistics.accepted.values())
    assert store.starts == 2


def test_killed_process_runs_no_cleanup() -> None:
    said: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10.0)
        finally:
            said.append("before the await")
            await asyncio.sleep(0.1)
            said.append("after it")

    async def scene() -> None:
        process = SimulatedProcess("one")
        process.start(work())
        await asyncio.sleep(1.0)
        process.kill()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.forget(process)
        await asyncio.sleep(60.0)
        assert said == []
        process.bury()
        await asyncio.sleep(60.0)
        assert said == ["before the await"], "taken apart, not run: what it awaits never comes"

    run(scene())
