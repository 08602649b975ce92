"""Brings a database to the newest schema, one SQL file per version, each inside a transaction."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from importlib import resources
from typing import Final

from edge_gateway.contracts.errors import StoreError

_FILE_NAME: Final = re.compile(r"v(\d{3})\.sql")


def schema_files() -> dict[int, str]:
    """SQL text by version, oldest first."""
    folder = resources.files("edge_gateway.store") / "schema"
    found = {int(match[1]): file.read_text("utf-8") for file in folder.iterdir() if (match := _match(file.name))}
    return dict(sorted(found.items()))


def migrate(connection: sqlite3.Connection, schema: Mapping[int, str], source: str) -> tuple[int, int]:
    """Apply what is missing, in order; answers the version before and after.

    A power cut in between leaves the last whole version. Raises StoreError if the database is newer than we are, or
    is not an outbox at all.
    """
    before = version_of(connection)
    newest = max(schema)
    if before > newest:
        raise StoreError(
            f"{source} has schema version {before}, this edge-gateway knows versions up to {newest}: "
            "install the edge-gateway that wrote it or a newer one, or move the file away"
        )
    if before == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise StoreError(f"{source} is a database of some other program: move the file away, or set another directory")
    for version, sql in schema.items():
        if version > before:
            _apply(connection, version, sql)
    return before, newest


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version a database has; 0: none yet."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _match(name: str) -> re.Match[str] | None:
    return _FILE_NAME.fullmatch(name)


def _apply(connection: sqlite3.Connection, version: int, sql: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {version};\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
