"""The process whose disk is followed: a real store with tills, an uplink and commands, until it made enough commits."""

from __future__ import annotations

import argparse
import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.print_jobs import ContentsKept, NewJob
from edge_gateway.contracts.printing import JobState
from edge_gateway.contracts.store import Feed
from edge_gateway.store import keys
from tests.powercut.promises import PRINTER, UPLINKS, Note, event_of, key_of, noted_in_trace
from tests.support.stores import TRANSACTIONS, Store, open_store

LANES = 3
BACKLOG_MAX = 12
"""So many events stay pending: each reconstruction is read whole."""
BATCH_EVENTS_MAX = 5
CONTENT = b'{"document":[{"type":"text","text":"two coffees"}]}'
CONTENTS_KEPT = ContentsKept(5, 10_000)


async def trade(arguments: argparse.Namespace, note: Note) -> None:
    keys.YOUNG_MAX = arguments.keys_young  # type: ignore[misc]  # sorted in so often that there are cuts in it
    async with open_store(arguments.directory, uplinks=UPLINKS) as store:
        note("epoch", "", store.database.epoch)
        for pragma in arguments.pragma:
            await store.database.read(lambda connection, text=pragma: connection.execute(f"PRAGMA {text}").fetchall())
        work = [
            *(_sell(store, lane, arguments, note) for lane in range(LANES)),
            *(_deliver(store.outbox.feed(name), name, arguments, note) for name in UPLINKS),
            _command(store, arguments.run, note),
            _print(store, arguments.run, note),
        ]
        working = [asyncio.create_task(each) for each in work]
        while store.database.counters["commits"] < arguments.commits:
            done, _ = await asyncio.wait(working, timeout=0.002)
            for task in done:
                task.result()
        for task in working:
            task.cancel()
        await asyncio.wait(working)


async def _sell(store: Store, lane: int, arguments: argparse.Namespace, note: Note) -> None:
    random, number = Random(f"{arguments.seed}/{lane}"), 0
    while True:
        number += 1
        event_id = f"{arguments.run}-{lane}-{number}"
        await store.outbox.append(event_of(event_id), key=key_of(event_id), digest="d")
        note("accepted", event_id)
        for _ in range(random.choice((0, 0, 0, 2, 20))):
            await asyncio.sleep(0)


async def _deliver(feed: Feed, uplink: str, arguments: argparse.Namespace, note: Note) -> None:
    random = Random(f"{arguments.seed}/{uplink}")
    while True:
        growth = feed.growth
        while len(events := await feed.backlog(TRANSACTIONS, after=0, limit=BACKLOG_MAX)) > BACKLOG_MAX // 2:
            batch = events[: random.randint(1, BATCH_EVENTS_MAX)]
            dead = {each.sequence: "refused" for each in batch if random.random() < 0.02}
            for each in batch:
                note("settling", each.event.id, uplink)
            await feed.settle([each.sequence for each in batch if each.sequence not in dead], dead)
            for each in batch:
                note("buried" if each.sequence in dead else "settled", each.event.id, uplink)
        await feed.wait_for_growth(growth)


async def _command(store: Store, run: str, note: Note) -> None:
    number = 0
    while True:
        number += 1
        key = f"{PRINTER}/{run}-{number}"
        try:
            if await store.commands.claim(key, "d") is None:
                note("claimed", key)
                await store.commands.finish(key, b'{"status":"completed"}')
                note("finished", key)
        except StoreError as error:
            raise AssertionError(f"{key}: {error}") from error
        for _ in range(50):
            await asyncio.sleep(0)


async def _print(store: Store, run: str, note: Note) -> None:
    number, deadline_at = 0, SystemClock().now() + timedelta(hours=1)
    while True:
        number += 1
        content = CONTENT * (1 + number % 40)
        job = await store.prints.accept(NewJob(PRINTER, f"{run}-{number}", "d", 0, deadline_at, {}, content))
        key = f"{PRINTER}/{job.job_id}"
        note("job accepted", key)
        await store.prints.begin(job, {"sent_bytes": 0})
        note("job begun", key)
        ending: dict[str, Any] = {"state": JobState.COMPLETED, "record": {"sent_bytes": 9}, "is_open": False}
        await store.prints.write(job, **ending, contents_kept=CONTENTS_KEPT)
        note("job ended", key)
        for _ in range(50):
            await asyncio.sleep(0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--run", default="run1")
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--keys-young", type=int, default=64)
    parser.add_argument("--pragma", action="append", default=[])
    arguments = parser.parse_args()
    asyncio.run(trade(arguments, noted_in_trace()))


if __name__ == "__main__":
    main()
