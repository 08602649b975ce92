"""One of the stores of backlog: filled, then appends a sale for each line it reads, and says how long that took."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from pathlib import Path

import uvloop

from edge_gateway.bench import stores
from edge_gateway.bench.process_facts import memory_mb
from edge_gateway.bench.sales import Sales
from edge_gateway.logs import configure_logging
from edge_gateway.settings import LogSettings


async def main(directory: Path, rows: int, is_encrypted: bool) -> None:
    """``append``: answers microseconds. ``memory``: answers MB resident. Until its standard input ends."""
    sales = Sales()
    async with stores.opened(directory, is_encrypted=is_encrypted) as (_, outbox):
        await stores.fill(outbox, sales, rows)
    # The day after: whatever filling it left in memory is not what a backlog costs.
    gc.collect()
    async with stores.opened(directory, is_encrypted=is_encrypted) as (_, outbox):
        events = sales.events(rows)
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line == "memory\n":
                print(memory_mb(), flush=True)
                continue
            sale = next(events)
            start = time.perf_counter()
            await stores.append(outbox, sale)
            print((time.perf_counter() - start) * 1e6, flush=True)


if __name__ == "__main__":
    configure_logging(LogSettings(level="warning"))
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1"))
