"""The process whose disk is followed: a real store with tills, an uplink and commands, until it made enough commits."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from random import Random

from edge_gateway.contracts.errors import StoreError
from tests.powercut.promises import Note, event_of, key_of, noted_in_trace
from tests.support.stores import TRANSACTIONS, Store, open_store

LANES = 3
BACKLOG_MAX = 24
"""So many events stay pending: each reconstruction is read whole."""
BATCH_EVENTS_MAX = 8


async def trade(arguments: argparse.Namespace, note: Note) -> None:
    async with open_store(arguments.directory) as store:
        for pragma in arguments.pragma:
            await store.database.read(lambda connection, text=pragma: connection.execute(f"PRAGMA {text}").fetchall())
        lanes = [asyncio.create_task(_sell(store, lane, arguments, note)) for lane in range(LANES)]
        others = [asyncio.create_task(_deliver(store, arguments, note)), asyncio.create_task(_command(store, note))]
        working = [*lanes, *others]
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


async def _deliver(store: Store, arguments: argparse.Namespace, note: Note) -> None:
    random = Random(f"{arguments.seed}/cloud")
    while True:
        await store.wait_for_pending(TRANSACTIONS)
        while len(events := await store.pending(TRANSACTIONS, BACKLOG_MAX)) > BACKLOG_MAX // 2:
            batch = [one.id for one in events[: random.randint(1, BATCH_EVENTS_MAX)]]
            dead = {event_id: "refused" for event_id in batch if random.random() < 0.02}
            delivered = [event_id for event_id in batch if event_id not in dead]
            for event_id in batch:
                note("settling", event_id)
            await store.settle(delivered, dead)
            for event_id in batch:
                note("buried" if event_id in dead else "settled", event_id)
        await asyncio.sleep(0)


async def _command(store: Store, note: Note) -> None:
    number = 0
    while True:
        number += 1
        key = f"printer-1/{number}"
        try:
            if await store.commands.claim(key, "d") is None:
                note("claimed", key)
                await store.commands.finish(key, b'{"status":"completed"}')
                note("finished", key)
        except StoreError as error:
            raise AssertionError(f"{key}: {error}") from error
        for _ in range(50):
            await asyncio.sleep(0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--run", default="run1")
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--pragma", action="append", default=[])
    arguments = parser.parse_args()
    asyncio.run(trade(arguments, noted_in_trace()))


if __name__ == "__main__":
    main()
