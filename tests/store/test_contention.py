"""Another process writes beside the daemon (``edge-gateway outbox replay``): nothing is lost, doubled or miscounted."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import StoreError
from edge_gateway.store import feed as feed_module
from edge_gateway.store import inspection
from tests.support.stores import TRANSACTIONS, event, open_store

ROOT = Path(__file__).parents[2]
EVENTS = 600
REPLAYS = 3


async def test_outbox_stays_exact_while_another_process_replays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "OTHER_WRITER_CHECK_S", 0.05)
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    fates = random.Random(seed)
    delivered: list[str] = []
    async with open_store(tmp_path) as store:
        feed = store.outbox.feed("https")
        is_over = asyncio.Event()

        async def produce() -> None:
            for number in range(EVENTS):
                await store.outbox.append(event(f"e{number}"), key=f"k{number}", digest="d")

        async def deliver() -> None:
            after, rewinds = 0, feed.rewinds
            while len(delivered) < EVENTS:
                growth = feed.growth
                if feed.rewinds != rewinds:
                    after, rewinds = 0, feed.rewinds
                found = await feed.backlog(TRANSACTIONS, after=after, limit=20)
                if not found:
                    await feed.wait_for_growth(growth)
                    continue
                dead = {one.sequence: "no" for one in found if fates.random() < 0.3 and not is_over.is_set()}
                gone = [one.sequence for one in found if one.sequence not in dead]
                await feed.settle(gone, dead)
                delivered.extend(one.event.id for one in found if one.sequence not in dead)
                after = found[-1].sequence

        async def replay(times: int) -> None:
            for _ in range(times):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "edge_gateway", "outbox", "replay", "--all", "--directory", str(tmp_path)),
                    cwd=ROOT,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
                _, errors = await process.communicate()
                assert process.returncode == 0, errors.decode()

        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            delivering = tasks.create_task(deliver())
            await asyncio.gather(produce(), replay(REPLAYS))
            is_over.set()
            while (await store.outbox.counts())[TRANSACTIONS].dead:
                await replay(1)
            await delivering
        counts = (await store.outbox.counts())[TRANSACTIONS]
        assert (counts.pending, counts.dead, counts.delivered_total) == (0, 0, EVENTS)
        assert sorted(delivered) == sorted(f"e{number}" for number in range(EVENTS))
    with inspection.opened(tmp_path) as connection:
        assert inspection.problems(connection) == []


async def test_replay_is_refused_for_an_uplink_that_is_gone(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.outbox.append(event("e1"))
        feed = store.outbox.feed("https")
        [one] = await feed.backlog(TRANSACTIONS, after=0, limit=1)
        await feed.settle([], {one.sequence: "no"})
    with inspection.opened(tmp_path, is_writing=True) as connection:
        connection.execute("UPDATE uplink_stream SET is_configured = 0")
        with pytest.raises(StoreError, match="event e1 was refused by an uplink that is not configured"):
            inspection.replay(connection)
        assert connection.execute("SELECT count(*) FROM dead_letter").fetchone() == (1,)
