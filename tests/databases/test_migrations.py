"""Databases of every version that was ever in a shop are taken over whole; a migration is done or not done."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import ConflictError, StoreError
from edge_gateway.contracts.printing import JobState
from edge_gateway.contracts.store import Appended
from edge_gateway.store import inspection
from edge_gateway.store.migrations import migrate, schema_files, version_of
from tests.support.stores import TRANSACTIONS, event, open_store

FOLDER = Path(__file__).parent
OPEN_JOBS = {"in-print": JobState.UNKNOWN, "waiting": JobState.ACCEPTED}
DUMPS = sorted(FOLDER.glob("v[0-9][0-9][0-9].sql"))


def restore(dump: Path, directory: Path) -> None:
    connection = sqlite3.connect(directory / "outbox.db")
    connection.executescript(dump.read_text("utf-8"))
    connection.close()


def test_migrations_are_tested_from_every_version() -> None:
    assert [int(dump.stem[1:]) for dump in DUMPS] == list(schema_files())
    assert list(schema_files()) == list(range(1, len(DUMPS) + 1))


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
async def test_migration_takes_over_a_store_whole(tmp_path: Path, dump: Path) -> None:
    restore(dump, tmp_path)
    async with open_store(tmp_path) as store:
        assert store.database.set_aside_as is None
        counts = await store.outbox.counts()
        found = {name: (one.pending, one.dead, one.delivered_total) for name, one in counts.items()}
        assert found["transactions"] == (2, 1, 2)
        assert found["device_events"][:2] == (2, 0)
        pending = await store.pending(TRANSACTIONS, 10)
        assert [one.id for one in pending] == ["t4", "t5"]
        assert json.loads(pending[0].payload)["id"] == "t4"
        for number in range(1, 6):
            again = await store.outbox.append(
                event("again"), key=f"S001-T1-20261121-00000{number}", digest=f"digest-{number}"
            )
            assert again == Appended(f"t{number}", False)
        with pytest.raises(ConflictError):
            await store.outbox.append(event("again"), key="S001-T1-20261121-000001", digest="other")
        assert await store.commands.claim("printer-1/done", "d") == b'{"id":"done","status":"completed"}'
        assert json.loads(await store.commands.claim("printer-1/cut-short", "d") or b"")["status"] == "unknown"
        jobs = {job.job_id: job.state for job in await store.prints.recover()}
        assert jobs == (OPEN_JOBS if dump.stem >= "v005" else {})
        ended = await store.prints.find("printer-1", "printed")
        assert (ended is not None and ended.state is JobState.COMPLETED) == (dump.stem >= "v005")
    with inspection.opened(tmp_path, is_writing=True) as connection:
        assert inspection.problems(connection) == []
        assert inspection.replay(connection) == ["t2"]


def test_migration_applies_what_is_missing_in_order() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    first = {1: "CREATE TABLE a (x);"}
    assert migrate(connection, first, "test.db") == (0, 1)
    assert migrate(connection, first, "test.db") == (1, 1)
    later = {**first, 2: "ALTER TABLE a ADD COLUMN y;", 3: "CREATE INDEX a_y ON a (y);"}
    assert migrate(connection, later, "test.db") == (1, 3)
    assert version_of(connection) == 3
    connection.close()


def test_migration_that_fails_leaves_the_version_before_it() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema = {1: "CREATE TABLE a (x);", 2: "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);"}
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, schema, "test.db")
    assert version_of(connection) == 1
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("a",)]
    assert not connection.in_transaction
    connection.close()


def test_migration_refuses_what_is_newer() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA user_version = 4")
    with pytest.raises(StoreError, match=r"test.db has schema version 4, .* up to 1: install the edge-gateway"):
        migrate(connection, {1: ""}, "test.db")
    connection.close()
