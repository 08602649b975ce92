"""The damager hits what it says: SQLite heals torn files without a loss, flipped bits are where they were put."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from simulators.torture import page_damage
from simulators.torture.wal import FRAME_HEADER_BYTES, Wal, read_wal, wal_path

KILLED_WRITER = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE pending (sequence INTEGER PRIMARY KEY, id TEXT, payload BLOB)")
for number in range(400):
    connection.execute("INSERT INTO pending VALUES (?, ?, ?)", (number, f"e{number}", bytes([number % 251]) * 900))
    if number == 200:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
connection.execute("UPDATE pending SET payload = zeroblob(900) WHERE sequence < 20")
connection.execute("BEGIN")
connection.execute("DELETE FROM pending WHERE sequence < 300")
os._exit(9)
"""
ROWS = [(number, f"e{number}", bytes([0 if number < 20 else number % 251]) * 900) for number in range(400)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Of a process that was killed within a transaction: the older half is checkpointed, the newer in the WAL."""
    path = tmp_path / "outbox.db"
    ended = subprocess.run([sys.executable, "-c", KILLED_WRITER, path], check=False)
    assert ended.returncode == 9
    return path


def _rows(path: Path) -> list[tuple[int, str, bytes]]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT sequence, id, payload FROM pending ORDER BY sequence").fetchall()
    finally:
        connection.close()


def _wal(path: Path) -> Wal:
    wal = read_wal(wal_path(path))
    assert wal is not None
    return wal


def test_wal_is_read_as_sqlite_reads_it(database: Path) -> None:
    wal = _wal(database)
    connection = sqlite3.connect(database)
    _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    connection.close()
    assert wal.frames == frames > 0
    assert wal.end == 32 + frames * (FRAME_HEADER_BYTES + wal.page_bytes)


def test_wal_frame_with_a_commit_mark_is_one_that_sqlite_takes(database: Path) -> None:
    """Control: the frames we write are valid, so that SQLite drops the uncommitted ones for want of a commit only."""
    wal, content = _wal(database), database.read_bytes()
    page = min(wal.pages - {1})
    frame, _ = wal.frame(page, bytes(wal.page_bytes), commit_pages=len(content) // wal.page_bytes)
    with wal_path(database).open("r+b") as file:
        file.seek(wal.end)
        file.write(frame)
    with pytest.raises((AssertionError, sqlite3.DatabaseError)):
        _rows(database)


TEARS: list[Callable[[Path, Wal, Random], str]] = [
    page_damage.tear_wal_tail,
    page_damage.add_uncommitted_frames,
    page_damage.add_garbage,
    page_damage.tear_database_pages,
]


@pytest.mark.parametrize("tear", TEARS, ids=lambda tear: tear.__name__)
@pytest.mark.parametrize("seed", range(5))
def test_torn_files_lose_no_row(database: Path, tear: Callable[[Path, Wal, Random], str], seed: int) -> None:
    before = (database.read_bytes(), wal_path(database).read_bytes())
    tear(database, _wal(database), Random(seed))
    assert (database.read_bytes(), wal_path(database).read_bytes()) != before
    assert _rows(database) == ROWS


def test_torn_database_pages_are_really_destroyed(database: Path) -> None:
    page_damage.tear_database_pages(database, _wal(database), Random(1))
    wal_path(database).unlink()
    with pytest.raises((AssertionError, sqlite3.DatabaseError)):
        assert _rows(database)


@pytest.mark.parametrize("seed", range(20))
def test_tear_of_any_kind_loses_no_row_and_again_after_recovery(database: Path, seed: int) -> None:
    random = Random(seed)
    assert page_damage.tear(database, random)
    assert _rows(database) == ROWS
    page_damage.tear(database, random)
    assert _rows(database) == ROWS


@pytest.mark.parametrize("seed", range(5))
def test_flipped_bits_are_in_pages_that_stand_nowhere_else(database: Path, seed: int) -> None:
    before, wal = database.read_bytes(), _wal(database)
    words, pages = page_damage.flip_bits(database, Random(seed))
    after = database.read_bytes()
    size = wal.page_bytes
    offsets = range(0, len(before), size)
    changed = [at // size + 1 for at in offsets if before[at : at + size] != after[at : at + size]]
    assert set(changed) <= set(pages)
    assert pages
    assert not wal.pages & set(pages)
    assert 1 not in pages
    assert str(pages) in words


def test_checkpoint_leaves_each_page_in_one_place_and_loses_no_row(database: Path) -> None:
    page_damage.checkpoint(database)
    assert not wal_path(database).exists() or wal_path(database).stat().st_size == 0
    assert _rows(database) == ROWS


@pytest.mark.parametrize("seed", range(5))
def test_flipped_bits_of_the_wal_are_among_its_commits_and_sqlite_loses_rows_to_them(database: Path, seed: int) -> None:
    before, wal = wal_path(database).read_bytes(), _wal(database)
    assert "bits flipped among" in page_damage.flip_wal_bits(database, Random(seed))
    after = wal_path(database).read_bytes()
    changed = [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed
    assert min(changed) >= 32
    assert max(changed) < wal.end
    with pytest.raises((AssertionError, sqlite3.DatabaseError)):
        assert _rows(database) == ROWS


def test_event_ids_are_read_without_touching_the_files(database: Path) -> None:
    before = (database.read_bytes(), wal_path(database).read_bytes())
    assert page_damage.event_ids_kept(database) == {event_id for _, event_id, _ in ROWS}
    assert (database.read_bytes(), wal_path(database).read_bytes()) == before
