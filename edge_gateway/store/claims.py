"""Requests cut short by a crash: whether they took effect nobody knows, and that is what they are answered."""

from __future__ import annotations

import json
import sqlite3

from edge_gateway.contracts.commands import Reply
from edge_gateway.contracts.errors import UnknownOutcomeError


def close_open_claims(connection: sqlite3.Connection) -> int:
    """Store the ``unknown`` reply for every claim without one; answers how many. Only the owner of the store may."""
    rows = connection.execute("SELECT position, request_key FROM command WHERE reply IS NULL").fetchall()
    if rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE command SET reply = ? WHERE position = ?",
            [(_unknown_reply(key), position) for position, key in rows],
        )
        connection.execute("COMMIT")
    return len(rows)


def _unknown_reply(request_key: str) -> bytes:
    _, _, request_id = request_key.partition("/")
    error = UnknownOutcomeError(
        "the gateway stopped while this was being done: look at the device whether it was, then send a new request"
    )
    return json.dumps(Reply.failed(request_id, error).to_json(), separators=(",", ":")).encode()
