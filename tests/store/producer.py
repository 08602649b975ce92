"""A process for the crash tests: appends, settles, claims, and tells on stdout what it was promised."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.support.stores import TRANSACTIONS, Store, event, open_store

PRODUCERS = 8


async def main(directory: Path, run: str) -> None:
    async with open_store(directory) as store, asyncio.TaskGroup() as tasks:
        for producer in range(PRODUCERS):
            tasks.create_task(produce(store, f"{run}-{producer}"))
        tasks.create_task(deliver(store))
        tasks.create_task(command(store, run))


async def produce(store: Store, name: str) -> None:
    number = 0
    while True:
        event_id = f"{name}-{number}"
        appended = await store.outbox.append(event(event_id, padding=number % 3000), key=f"key-{event_id}", digest="d")
        tell("appended", appended.event_id)
        number += 1


async def deliver(store: Store) -> None:
    while True:
        await store.wait_for_pending(TRANSACTIONS)
        events = await store.pending(TRANSACTIONS, 20)
        for one in events:
            tell("delivering", one.id)  # the cloud has it from here on; settling comes after
        await store.settle([one.id for one in events], {})


async def command(store: Store, run: str) -> None:
    number = 0
    while True:
        await store.commands.claim(f"printer-1/{run}-{number}", "d")
        tell("claimed", f"printer-1/{run}-{number}")
        await store.commands.finish(f"printer-1/{run}-{number}", b'{"status":"completed"}')
        tell("finished", f"printer-1/{run}-{number}")
        number += 1


def tell(what: str, which: str) -> None:
    os.write(1, f"{what} {which}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
