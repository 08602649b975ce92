"""The command log on SQLite: a request with an effect is carried out once, also across restarts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConflictError, EdgeGatewayError, StoreError, UnknownOutcomeError
from edge_gateway.store.database import Database
from edge_gateway.store.transactor import Operation, Rank

CLAIM_BYTES: Final = 8_192
"""Reckoned room for a claim and its reply: at worst each opens a new page."""


@dataclass(frozen=True, slots=True)
class _ClaimItem:
    request_key: str
    digest: str
    from_reserve: bool = False


@dataclass(frozen=True, slots=True)
class _FinishItem:
    request_key: str
    reply: bytes


class _Claim(Operation[_ClaimItem, "bytes | None"]):
    name = "claim"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def rank_of(self, item: _ClaimItem) -> Rank:
        return Rank.DRAIN if item.from_reserve else Rank.SALES

    def new_bytes(self, item: _ClaimItem) -> int:
        return CLAIM_BYTES

    def recall(self, connection: sqlite3.Connection, item: _ClaimItem) -> bytes | EdgeGatewayError | None:
        return _known(connection, item)

    def apply(
        self, connection: sqlite3.Connection, items: Sequence[_ClaimItem]
    ) -> list[bytes | EdgeGatewayError | None]:
        now_ms = int(self._clock.now().timestamp() * 1000)
        return [_claim(connection, item, now_ms) for item in items]


class _Finish(Operation[_FinishItem, None]):
    name = "finish"

    # Its rank is DRAIN: the effect has happened, its reply must be kept however full the disk is.

    def apply(self, connection: sqlite3.Connection, items: Sequence[_FinishItem]) -> list[EdgeGatewayError | None]:
        return [_finish(connection, item) for item in items]


class SqliteCommandLog:
    """Implements ``contracts.store.CommandLog``. Claims cut short are closed when the database is opened."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._claim = _Claim(clock)
        self._finish = _Finish()

    async def claim(self, request_key: str, digest: str, *, from_reserve: bool = False) -> bytes | None:
        self._database.salvaging.check_claims()
        return await self._database.submit(self._claim, _ClaimItem(request_key, digest, from_reserve))

    async def reply(self, request_key: str, digest: str) -> bytes | None:
        self._database.salvaging.check_claims()
        known = await self._database.read(partial(_known, item=_ClaimItem(request_key, digest)))
        if isinstance(known, EdgeGatewayError):
            raise known
        return known

    async def finish(self, request_key: str, reply: bytes) -> None:
        await self._database.submit(self._finish, _FinishItem(request_key, reply))


def _claim(connection: sqlite3.Connection, item: _ClaimItem, now_ms: int) -> bytes | EdgeGatewayError | None:
    known = _known(connection, item)
    if known is None:
        connection.execute(
            "INSERT INTO command (request_key, digest, claimed_at_ms) VALUES (?, ?, ?)",
            (item.request_key, item.digest, now_ms),
        )
    return known


def _known(connection: sqlite3.Connection, item: _ClaimItem) -> bytes | EdgeGatewayError | None:
    row = connection.execute("SELECT digest, reply FROM command WHERE request_key = ?", (item.request_key,)).fetchone()
    if row is None:
        return None
    digest, reply = row
    if digest != item.digest:
        return ConflictError(f"request '{item.request_key}' was made before with other content: use a new id")
    if reply is None:
        return UnknownOutcomeError(
            f"request '{item.request_key}' was begun, and its end is not known: look at the device, then send a new one"
        )
    return bytes(reply)


def _finish(connection: sqlite3.Connection, item: _FinishItem) -> EdgeGatewayError | None:
    cursor = connection.execute("UPDATE command SET reply = ? WHERE request_key = ?", (item.reply, item.request_key))
    if cursor.rowcount != 1:
        return StoreError(f"request '{item.request_key}' was never claimed")
    return None
