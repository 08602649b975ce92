"""Single values the gateway keeps over restarts, such as the token to resume the cloud's commands with."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge_gateway.contracts.errors import EdgeGatewayError
from edge_gateway.store.database import Database
from edge_gateway.store.transactor import Operation

Value = str | int | bytes


class _Put(Operation[tuple[str, Value], None]):
    name = "put"

    # Its rank is DRAIN: a few bytes that replace others, however full the disk is.

    def apply(
        self, connection: sqlite3.Connection, items: Sequence[tuple[str, Value]]
    ) -> list[EdgeGatewayError | None]:
        connection.executemany(
            "INSERT INTO gateway (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            items,
        )
        return [None] * len(items)


class GatewayValues:
    """A few named values in the table `gateway`; ``epoch`` is the database's own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = _Put()

    async def get(self, name: str) -> Value | None:
        """None: never put. Raises StoreError."""
        row = await self._database.read(
            lambda connection: connection.execute("SELECT value FROM gateway WHERE name = ?", (name,)).fetchone()
        )
        value: Value | None = None if row is None else row[0]
        return value

    async def put(self, name: str, value: Value) -> None:
        """Return only after it is on disk. Raises StoreError."""
        await self._database.submit(self._put, (name, value))
