"""Damages an SQLite database between two runs of the program that owns it: as a power cut may, or as a dying disk does.

Torn: only what SQLite promises to survive, so nothing may be lost. Flipped: bits in the one place where a page stands.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

from simulators.torture.wal import HEADER_BYTES, Wal, read_wal, wal_path

TORN_PAGES_MAX = 8
FRAMES_MAX = 4
GARBAGE_PAGES_MAX = 3
FLIPPED_PAGES_MAX = 3
FLIPPED_BITS_MAX = 8
HEADER_PAGE = 1
"""Never touched: SQLite reads the page size there before it looks at the WAL, and without it finds no row at all."""


def tear(database: Path, random: Random) -> str:
    """One kind of tear, drawn; what was done, in words."""
    wal = read_wal(wal_path(database))
    if wal is None:
        return garble_wal_without_header(database, random)
    kinds: list[Callable[[Path, Wal, Random], str]] = [tear_wal_tail, add_uncommitted_frames, add_garbage]
    if _torn_candidates(database, wal):
        kinds += [tear_database_pages] * 2
    return random.choice(kinds)(database, wal, random)


def tear_wal_tail(database: Path, wal: Wal, random: Random) -> str:
    """A frame behind the last commit that was only half written when the power went."""
    frame, _ = wal.frame(random.randint(2, 50), random.randbytes(wal.page_bytes), commit_pages=random.choice((0, 99)))
    half = frame[: random.randint(1, len(frame) - 1)]
    # Behind it stands what was there before a file was reused: nothing that continues this frame.
    _write(wal_path(database), wal.end, half + random.randbytes(len(frame) - len(half)))
    return f"half a frame ({len(half)} bytes) behind the last commit in the WAL"


def add_uncommitted_frames(database: Path, wal: Wal, random: Random) -> str:
    """Whole, valid frames of a transaction that never came to its commit."""
    sums, written, count = wal.sums, b"", random.randint(1, FRAMES_MAX)
    for _ in range(count):
        frame, sums = wal.frame(random.randint(1, 50), random.randbytes(wal.page_bytes), sums=sums)
        written += frame
    _write(wal_path(database), wal.end, written)
    return f"{count} frames without a commit at the end of the WAL"


def add_garbage(database: Path, wal: Wal, random: Random) -> str:
    """Bytes of something else: blocks that the file system gave to the file, but never wrote."""
    count = random.randint(1, GARBAGE_PAGES_MAX * wal.page_bytes)
    _write(wal_path(database), wal.end, random.randbytes(count))
    return f"{count} bytes of garbage behind the last commit in the WAL"


def tear_database_pages(database: Path, wal: Wal, random: Random) -> str:
    """Pages half written by a checkpoint: the WAL still has them whole, and they are read from there."""
    candidates = _torn_candidates(database, wal)
    pages = random.sample(candidates, random.randint(1, min(TORN_PAGES_MAX, len(candidates))))
    for page in pages:
        first = random.randrange(0, wal.page_bytes, 512)  # sectors, as a disk writes them
        _write(database, (page - 1) * wal.page_bytes + first, random.randbytes(wal.page_bytes - first))
    return f"pages {sorted(pages)} of the database torn, which the WAL has whole"


def garble_wal_without_header(database: Path, random: Random) -> str:
    """The WAL has no valid header, so nothing of it counts: its header may as well be garbage."""
    path = wal_path(database)
    if not path.exists() or path.stat().st_size == 0:
        return "nothing: there is no WAL"
    _write(path, 0, random.randbytes(min(HEADER_BYTES, path.stat().st_size)))
    return "the header of a WAL that holds nothing"


def flip_bits(database: Path, random: Random) -> tuple[str, list[int]]:
    """Some bits in pages that stand nowhere else; in words, and the pages (none, if all are in the WAL)."""
    page_bytes = page_size(database)
    wal = read_wal(wal_path(database))
    in_wal = wal.pages if wal is not None else frozenset[int]()
    count = database.stat().st_size // page_bytes
    candidates = [page for page in range(HEADER_PAGE + 1, count + 1) if page not in in_wal]
    pages = sorted(random.sample(candidates, min(len(candidates), random.randint(1, FLIPPED_PAGES_MAX))))
    for page in pages:
        for _ in range(random.randint(1, FLIPPED_BITS_MAX)):
            _flip(database, (page - 1) * page_bytes + random.randrange(page_bytes), 1 << random.randrange(8))
    return f"bits flipped in pages {pages} of {count}", pages


def flip_wal_bits(database: Path, random: Random) -> str:
    """Some bits in committed frames of the WAL: of pages that it alone has in their newest state."""
    wal = read_wal(wal_path(database))
    if wal is None or not wal.frames:
        return "nothing: the WAL holds no commit"
    count = random.randint(1, FLIPPED_BITS_MAX)
    for _ in range(count):
        _flip(wal_path(database), random.randrange(HEADER_BYTES, wal.end), 1 << random.randrange(8))
    return f"{count} bits flipped among {wal.frames} frames of the WAL"


def checkpoint(database: Path) -> None:
    """Everything into the database, as the owner does now and then: each page stands in one place only."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def event_ids_kept(database: Path) -> set[str]:
    """Ids of the events that have no copy but this one. Read from a copy of the files, which are left as they are."""
    with tempfile.TemporaryDirectory(prefix="torture-copy-") as directory:
        copy = Path(directory) / database.name
        for path in (database, wal_path(database)):
            if path.exists():
                shutil.copyfile(path, copy.with_name(path.name))
        with closing(sqlite3.connect(copy)) as connection:
            return {event_id for (event_id,) in connection.execute("SELECT id FROM pending")}


def page_size(database: Path) -> int:
    """From the header (https://www.sqlite.org/fileformat2.html#the_database_header); 1 stands for 65536."""
    with database.open("rb") as file:
        size = int.from_bytes(file.read(18)[16:], "big")
    return 65536 if size == 1 else size


def _torn_candidates(database: Path, wal: Wal) -> list[int]:
    count = database.stat().st_size // wal.page_bytes
    return sorted(page for page in wal.pages if HEADER_PAGE < page <= count)


def _write(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def _flip(path: Path, offset: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ bit]))
