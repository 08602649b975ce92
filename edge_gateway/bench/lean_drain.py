"""The floor of drain: the leanest program that carries a backlog to the same cloud, over TLS, batch after batch.

One thread, one connection, blocking calls: read a batch, POST it, read the answer, delete what it names, commit.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import ssl
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

BATCH_EVENTS: Final = 500


def fill(database: Path, events: Iterable[tuple[str, bytes]]) -> None:
    """The bare table, in one commit."""
    store = sqlite3.connect(database)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("CREATE TABLE outbox (id TEXT PRIMARY KEY, payload BLOB NOT NULL)")
    store.executemany("INSERT INTO outbox VALUES (?, ?)", events)
    store.commit()
    store.close()


def drain(database: Path, port: int, ca_file: Path) -> float:
    """Until it is empty; events a second."""
    store = sqlite3.connect(database, isolation_level=None)
    store.execute("PRAGMA synchronous=FULL")
    cloud = http.client.HTTPSConnection("127.0.0.1", port, context=ssl.create_default_context(cafile=str(ca_file)))
    count = 0
    start = time.perf_counter()
    while rows := store.execute("SELECT payload FROM outbox ORDER BY rowid LIMIT ?", (BATCH_EVENTS,)).fetchall():
        body = b"[" + b",".join([payload for (payload,) in rows]) + b"]"
        cloud.request("POST", "/v1/orders/events", body, {"content-type": "application/cloudevents-batch+json"})
        results = json.loads(cloud.getresponse().read())["results"]
        store.execute("BEGIN IMMEDIATE")
        store.executemany("DELETE FROM outbox WHERE id = ?", [(result["id"],) for result in results])
        store.execute("COMMIT")
        count += len(results)
    cloud.close()
    store.close()
    return count / (time.perf_counter() - start)
