"""The power is cut at every write of a trading store: what was answered ``accepted`` is there when it comes back.

How: volatile_disk.c, preloaded into a process, notes each change of the store's files and each sync in one order, and
disk.py says what a disk may hold after a cut at any point of it. That sees more than a virtual file system of SQLite
would (which misses what Python does to the files beside SQLite: creating, renaming, filling up the WAL), needs neither
privilege nor kernel module as FUSE does, and leaves SQLite, its locks and its shared memory exactly as in production.

Reconstructions in the middle of trading are read by SQLite alone: it recovers the WAL as the store would, and every row
is compared; twenty times as fast. One in two hundred, and all around a start, a stop or a change of names, are opened
by the real store, which must hold all promises and take a fresh event.

``python -m tests.powercut --help`` is the same for longer.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_gateway.store.database import FILE_NAME
from edge_gateway.store.migrations import migrate, schema_files
from edge_gateway.store.sequence import first_sequence
from tests.powercut.promises import event_of, key_of
from tests.powercut.session import Session

COMMITS = 1000
OLD_EVENTS = 40


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(tmp_path, random.SystemRandom().randrange(10**6)) as one:
        yield one


def test_power_cut_at_any_write_of_a_thousand_commits_loses_nothing_accepted(session: Session) -> None:
    # Checkpoints that come often: each is a hundred points at which WAL and database are half and half.
    session.run("--commits", str(COMMITS), "--pragma", "wal_autocheckpoint=40")
    session.check_trace()
    report = session.cut_everywhere()
    assert report.broken == []
    counted = report.counters
    assert counted["synced"] >= COMMITS
    assert counted["accepted"] >= COMMITS
    assert counted["cuts"] > counted["written"] > 5 * COMMITS
    assert counted["reconstructions"] > 2 * counted["written"]
    assert counted["with_store"] > 100


def test_power_cut_test_sees_what_a_store_loses_that_syncs_too_seldom(session: Session) -> None:
    session.run("--commits", "60", "--pragma", "synchronous=NORMAL")
    report = session.cut_everywhere()
    assert report.counters["lost"] > 0


def test_power_cut_loses_nothing_with_a_large_wal_over_a_stop_and_a_second_start(session: Session) -> None:
    session.run("--run", "first", "--commits", "100")
    session.run("--run", "second", "--commits", "40")
    session.check_trace()
    report = session.cut_everywhere()
    assert report.broken == []
    assert report.counters["unlinked"] >= 2, "no WAL was removed at a stop: the test proves less than it says"


@pytest.mark.parametrize(("starts_before", "records"), [(0, 20), (0, 60), (1, 12)])
def test_power_cut_loses_nothing_after_a_start_that_was_killed(
    session: Session, starts_before: int, records: int
) -> None:
    """What the killed process made and did not sync, the next one finds there, and may take for safe."""
    for _ in range(starts_before):
        session.run("--run", "before", "--commits", "4")
    session.run("--run", "killed", kill_after_records=records)
    session.run("--run", "next", "--commits", "4")
    session.check_trace()
    assert session.cut_everywhere(with_store=True).broken == []


@pytest.mark.parametrize("version", sorted(schema_files())[:-1])
def test_power_cut_during_a_migration_loses_nothing_the_old_version_kept(session: Session, version: int) -> None:
    ids = [f"old-0-{number}" for number in range(OLD_EVENTS)]
    _make_old_store(session.store / FILE_NAME, version, ids)
    session.begin_with([("accepted", each) for each in ids])
    session.run("--run", "new", "--commits", "4")
    session.check_trace()
    assert session.cut_everywhere(with_store=True, cuts_each=2).broken == []


def test_power_cut_while_a_damaged_store_is_set_aside_loses_nothing_that_can_be_read(session: Session) -> None:
    """Cut while files change their names, and at every write of the salvage."""
    ids = [f"old-0-{number}" for number in range(OLD_EVENTS)]
    path = session.store / FILE_NAME
    _make_old_store(path, max(schema_files()), ids)
    _damage_page_of(path, "command")
    session.begin_with([("accepted", each) for each in ids])
    session.run("--run", "new", "--commits", "4")
    session.check_trace()
    assert any(each.name.startswith(f"{FILE_NAME}.corrupt-") for each in session.store.iterdir())
    assert session.cut_everywhere(with_store=True, cuts_each=2, may_be_set_aside=True).broken == []


def _damage_page_of(path: Path, table: str) -> None:
    """One that holds none of the events."""
    with closing(sqlite3.connect(path)) as connection:
        page, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def _make_old_store(path: Path, version: int, ids: list[str]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, {number: text for number, text in schema_files().items() if number <= version}, str(path))
        for sequence, event_id in enumerate(ids, first_sequence(5) + 1):
            event = event_of(event_id)
            connection.execute(
                "INSERT INTO pending (sequence, id, source, type, appended_at_ms, payload) VALUES (?, ?, ?, ?, ?, ?)",
                (sequence, event.id, event.source, event.type, 1_780_000_000_000, event.payload),
            )
            connection.execute(
                "INSERT INTO idempotency_key VALUES (?, 'd', ?, ?)", (key_of(event_id), event_id, sequence)
            )
