"""The real store in this process, for benchmarks; and a store that is filled beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from edge_gateway.bench.gateways import OUTBOX_BYTES_MAX, key_file
from edge_gateway.bench.sales import Sale, Sales
from edge_gateway.contracts.clock import SystemClock
from edge_gateway.settings import EncryptionSettings, OutboxSettings
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.store.thread import SqliteRunner, SqliteThread

FILL_AT_ONCE: Final = 1_000
"""One commit of the store takes as many."""


@asynccontextmanager
async def opened(
    directory: Path,
    *,
    is_encrypted: bool,
    keys: Path | None = None,
    start_sqlite: Callable[[Path], Awaitable[SqliteRunner]] = SqliteThread.start,
) -> AsyncIterator[tuple[Database, SqliteOutbox]]:
    """In ``directory``, which is made. ``keys``: directory of the key file, where that is another one."""
    directory.mkdir(parents=True, exist_ok=True)
    encryption = EncryptionSettings(key_file=key_file(keys or directory)) if is_encrypted else None
    settings = OutboxSettings(
        directory=directory, bytes_max=OUTBOX_BYTES_MAX, disk_free_bytes_min=0, encryption=encryption
    )
    database = Database(settings, SystemClock(), start_sqlite)
    outbox = SqliteOutbox(database, SystemClock())
    await database.open()
    try:
        yield database, outbox
    finally:
        await database.close()


async def append(outbox: SqliteOutbox, sale: Sale) -> None:
    await outbox.append(sale.event, key=sale.key, digest=sale.digest)


async def fill(outbox: SqliteOutbox, sales: Sales, count: int) -> None:
    """The first ``count`` of ``sales``, in big commits."""
    events = sales.events()
    while count > 0:
        part = list(islice(events, min(FILL_AT_ONCE, count)))
        count -= len(part)
        await asyncio.gather(*[append(outbox, sale) for sale in part])
