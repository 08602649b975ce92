"""The boot epoch: a number that rises with every opening of the store, however the clock was set meanwhile."""

from __future__ import annotations

import sqlite3
from typing import Final

EPOCH: Final = "epoch"
"""Its name in the table `gateway`."""


def next_epoch(connection: sqlite3.Connection, now_s: int) -> int:
    """Above every earlier one, and durable. ``now_s``: Unix time, so that a store made anew goes on above the old."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        row = connection.execute("SELECT value FROM gateway WHERE name = ?", (EPOCH,)).fetchone()
        epoch = max(now_s, 0 if row is None else row[0] + 1)
        connection.execute(
            "INSERT INTO gateway (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (EPOCH, epoch),
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return epoch
