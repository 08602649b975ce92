"""Reads and writes frames of an SQLite WAL (https://www.sqlite.org/fileformat2.html#walformat), without SQLite."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
_MAGIC = 0x377F0682
"""The lowest bit set: checksums read words big-endian."""

Sums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wal:
    """What SQLite will find in a WAL after a crash: the frames up to the last commit, and nothing behind it.

    ``pages``: numbers of the pages with a committed frame. ``end``: offset behind the last commit.
    """

    page_bytes: int
    order: str
    salts: bytes
    sums: Sums
    end: int
    frames: int = 0
    pages: frozenset[int] = field(default_factory=frozenset)

    def frame(
        self, page: int, content: bytes, *, sums: Sums | None = None, commit_pages: int = 0
    ) -> tuple[bytes, Sums]:
        """A frame that is valid behind the one that left ``sums`` (the last commit), and the sums it leaves.

        ``commit_pages``: 0 for a frame that commits nothing, else the size of the database after the commit.
        """
        head = struct.pack(">II", page, commit_pages)
        after = _sums(head + content, sums or self.sums, self.order)
        return head + self.salts + struct.pack(">II", *after) + content, after


def wal_path(database: Path) -> Path:
    """Where SQLite keeps the WAL of a database."""
    return database.with_name(database.name + "-wal")


def read_wal(path: Path) -> Wal | None:
    """None: there is none, or its header is not valid, so that SQLite reads nothing of it."""
    data = path.read_bytes() if path.exists() else b""
    if len(data) < HEADER_BYTES:
        return None
    magic, _, page_bytes, _ = struct.unpack_from(">4I", data)
    order = ">" if magic & 1 else "<"
    sums = _sums(data[:24], (0, 0), order)
    if magic & ~1 != _MAGIC or sums != struct.unpack_from(">II", data, 24):
        return None
    salts = data[16:24]
    found = Wal(page_bytes, order, salts, sums, HEADER_BYTES)
    pages: set[int] = set()
    frame_bytes = FRAME_HEADER_BYTES + page_bytes
    for frames, offset in enumerate(range(HEADER_BYTES, len(data) - frame_bytes + 1, frame_bytes), start=1):
        page, commit_pages = struct.unpack_from(">II", data, offset)
        end = offset + frame_bytes
        if data[offset + 8 : offset + 16] != salts:
            break
        sums = _sums(data[offset + FRAME_HEADER_BYTES : end], _sums(data[offset : offset + 8], sums, order), order)
        if sums != struct.unpack_from(">II", data, offset + 16):
            break
        pages.add(page)
        if commit_pages:
            found = Wal(page_bytes, order, salts, sums, end, frames, frozenset(pages))
    return found


def _sums(data: bytes, before: Sums, order: str) -> Sums:
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    first, second = before
    for index in range(0, len(words), 2):
        first = (first + words[index] + second) & 0xFFFFFFFF
        second = (second + words[index + 1] + first) & 0xFFFFFFFF
    return first, second
