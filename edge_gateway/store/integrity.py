"""Prepares a database file, tells a damaged one from a sound one."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Final

CHECK_S_MAX: Final = 2.0
"""The check at start ends here: 2 s read most of a store's database, and an opening shop cannot wait for gigabytes."""

CHECK_STEPS: Final = 10_000
"""Virtual machine steps between two looks at the time: well under a millisecond."""

CACHE_KIB: Final = 8_000
JOURNAL_BYTES_KEPT: Final = 16_000_000
"""A WAL that grew while a reader held it is cut back to this. The file keeps its place on disk: room to drain."""

WAL_ROOM_BYTES: Final = 4_200_000
"""Just over the 1,000 pages after which SQLite starts the WAL over. Written out at the start: from then on a commit
overwrites bytes that have their place, and its fsync need not write the file system's records of a growing file."""

WAL_ROOM_SHARE: Final = 0.01
"""Of the free disk that this may take; on a fuller disk the WAL grows as it is used."""

_BROKEN_TEXT: Final = "Could not decode to UTF-8"
"""How Python says that a bit of a text flipped; SQLite itself does not look into it."""

_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}


def prepare(connection: sqlite3.Connection) -> None:
    """Settings of the connection. Order matters: auto_vacuum only before the first table, WAL after it."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # NORMAL loses acknowledged rows at a power cut
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES_KEPT}")


def keep_wal_room(path: Path) -> None:
    """Fill the WAL up with zeros, which SQLite reads as the end of its frames. In WAL mode, with the database open.

    Closing a descriptor of the WAL gives up no lock: SQLite's are on the database and its shared memory.
    """
    wal = path.with_name(path.name + "-wal")
    try:
        disk = os.statvfs(path.parent)
        if disk.f_bavail * disk.f_frsize * WAL_ROOM_SHARE < WAL_ROOM_BYTES:
            return
        with wal.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(bytes(max(0, WAL_ROOM_BYTES - file.tell())))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # Only speed is lost; whatever is wrong with this disk, the next commit tells.
        return


def damage(connection: sqlite3.Connection, seconds_max: float = CHECK_S_MAX) -> str | None:
    """What a quick check finds; None if it found nothing in its time."""
    deadline = time.monotonic() + seconds_max
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), CHECK_STEPS)
    try:
        finding: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return None if finding == "ok" else finding


def damaged(finding: str) -> sqlite3.DatabaseError:
    """The error SQLite itself raises when it stumbles over damage."""
    error = sqlite3.DatabaseError(finding)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file itself is broken."""
    if isinstance(error, sqlite3.OperationalError) and str(error).startswith(_BROKEN_TEXT):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _DAMAGE
