"""Who an event is does not hang on the clock: two in one microsecond, one that jumps a day, one that stands still."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_gateway.contracts.clock import EventIds
from edge_gateway.store.gateway_values import GatewayValues
from tests.support.clock import FakeClock
from tests.support.stores import TRANSACTIONS, event, open_store

DAY_S = 86_400


Conduct = Callable[[FakeClock], Iterator[None]]


def frozen(clock: FakeClock) -> Iterator[None]:
    while True:
        yield


def jumping(clock: FakeClock) -> Iterator[None]:
    while True:
        for seconds in (DAY_S, -2 * DAY_S, DAY_S):
            clock.jump_wall_clock(seconds)
            yield


@pytest.mark.parametrize("clock_conduct", [frozen, jumping])
async def test_ids_are_unique_and_rise_whatever_the_clock_does(clock_conduct: Conduct) -> None:
    clock = FakeClock()
    conduct = clock_conduct(clock)
    ids = EventIds(clock, random_bytes=bytes)  # the worst: no randomness at all
    given = [ids() for _ in itertools.islice(conduct, 10_000)]
    assert len(set(given)) == len(given)
    assert sorted(given) == given


@pytest.mark.parametrize("clock_conduct", [frozen, jumping])
async def test_outbox_keeps_the_order_of_appending_whatever_the_clock_does(
    tmp_path: Path, clock_conduct: Conduct
) -> None:
    clock = FakeClock()
    conduct = clock_conduct(clock)
    appended = []
    for _ in range(3):
        ids = EventIds(clock)
        async with open_store(tmp_path, clock=clock) as store:
            for _ in range(20):
                next(conduct)
                appended.append(ids())
                await store.outbox.append(event(appended[-1]))
    async with open_store(tmp_path, clock=clock) as store:
        found = await store.outbox.feed("https").backlog(TRANSACTIONS, after=0, limit=100)
        assert [one.event.id for one in found] == appended
        assert len({one.sequence for one in found}) == 60


@pytest.mark.parametrize("jump_s", [0, DAY_S, -DAY_S, -20 * 365 * DAY_S])
async def test_epoch_rises_with_every_start_whatever_the_clock_does(tmp_path: Path, jump_s: int) -> None:
    clock = FakeClock()
    epochs = []
    for _ in range(4):
        async with open_store(tmp_path, clock=clock) as store:
            assert store.database.epoch is not None
            epochs.append(store.database.epoch)
        clock.jump_wall_clock(jump_s)
    assert epochs == sorted(set(epochs))


async def test_epoch_of_a_store_made_anew_is_above_that_of_the_old_one(tmp_path: Path) -> None:
    """The disk was changed: the cloud must not take new events for old ones."""
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        old = store.database.epoch
    (tmp_path / "outbox.db").unlink()
    await clock.advance(60)
    async with open_store(tmp_path, clock=clock) as store:
        assert store.database.epoch is not None
        assert old is not None
        assert store.database.epoch > old


async def test_gateway_values_survive_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        values = GatewayValues(store.database)
        assert await values.get("resume") is None
        await values.put("resume", "token-1")
        await values.put("resume", "token-2")
    async with open_store(tmp_path) as store:
        assert await GatewayValues(store.database).get("resume") == "token-2"
