"""A database file read page by page without SQLite, its write-ahead log laid over it: for files SQLite gives up on.

Source: "Database File Format", sqlite.org/fileformat2.html: 1.3 (header), 1.8 (pointer map), 4 (write-ahead log).
"""

from __future__ import annotations

import math
import os
import struct
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PAGE_BYTES_DEFAULT: Final = 4096
CHUNK_PAGES: Final = 256
"""Pages read at once: a megabyte."""

WAL_HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
_WAL_MAGIC: Final = {0x377F0682: "<", 0x377F0683: ">"}
LOG_CHECK_S_MAX: Final = 2.0
"""A start does not look longer for damage in the log: this reads some 50 MB, ten times what one has on most days."""


class PageFile:
    """Random access to the pages as they were last committed. What cannot be read is zeros."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._wal: WalFile | None = None
        try:
            header = _read_at(self._descriptor, 0, 100)
            self._wal = _open_wal(path)
            # Never from the header, which may be what is damaged: all stores have the same.
            self.page_bytes = PAGE_BYTES_DEFAULT if self._wal is None else self._wal.page_bytes
            self.schema_version = int.from_bytes(header[60:64], "big") if header[:6] == b"SQLite" else 0
            self.page_count = -(-os.fstat(self._descriptor).st_size // self.page_bytes)
            if self._wal is not None and self._wal.frames:
                self.page_count = self._wal.page_count
                if (first := self._wal.page(1)) is not None:
                    self.schema_version = int.from_bytes(first[60:64], "big")
            else:
                self._close_wal()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._close_wal()
        os.close(self._descriptor)

    def page(self, number: int) -> bytes:
        """Pages count from 1."""
        if self._wal is not None and (newer := self._wal.page(number)) is not None:
            return newer
        return _read_at(self._descriptor, (number - 1) * self.page_bytes, self.page_bytes)

    def chunks(self) -> Iterator[tuple[int, list[bytes]]]:
        """All pages in order, some at a time: the number of the first, and the pages."""
        size = self.page_bytes
        for first in range(1, self.page_count + 1, CHUNK_PAGES):
            count = min(CHUNK_PAGES, self.page_count + 1 - first)
            data = _read_at(self._descriptor, (first - 1) * size, count * size)
            pages = [data[at : at + size] for at in range(0, count * size, size)]
            if self._wal is not None:
                for number in range(first, first + count):
                    if (newer := self._wal.page(number)) is not None:
                        pages[number - first] = newer
            yield first, pages

    def pointer_map_page(self, number: int) -> int:
        """The pointer map page that tells what page ``number`` is; itself for a pointer map page."""
        per_page = self.page_bytes // 5 + 1
        return (number - 2) // per_page * per_page + 2

    def _close_wal(self) -> None:
        if self._wal is not None:
            self._wal.close()
            self._wal = None


class WalFile:
    """The committed frames of a write-ahead log.

    SQLite stops at the first frame that is damaged. Here each frame is proven by itself (its checksum goes on from the
    one before it, as that is written there), so that what was committed after a damaged frame is found as well.
    """

    def __init__(self, path: Path, seconds_max: float = math.inf) -> None:
        """``seconds_max``: what is not read by then is left out."""
        self.frames: dict[int, int] = {}
        """Page number to the place of its newest committed content."""
        self.page_count = 0
        self.frames_read = 0
        self._bad_frames = 0
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            header = _read_at(self._descriptor, 0, WAL_HEADER_BYTES + FRAME_HEADER_BYTES)
            magic, _, self.page_bytes, _, _, _, *sums = struct.unpack(">8I", header[:WAL_HEADER_BYTES])
            self._order, salts = _WAL_MAGIC.get(magic, ""), header[16:24]
            before = (sums[0], sums[1])
            if not self._order or wal_checksum(header[:24], self._order, (0, 0)) != before:
                # A log of this box, whose header is damaged: the first frame has the same salts.
                self._order, self.page_bytes, salts = _OWN_ORDER, PAGE_BYTES_DEFAULT, header[40:48]
            self._scan(salts, before, time.monotonic() + seconds_max)
        except BaseException:
            os.close(self._descriptor)
            raise

    def close(self) -> None:
        os.close(self._descriptor)

    def page(self, number: int) -> bytes | None:
        place = self.frames.get(number)
        return None if place is None else _read_at(self._descriptor, place, self.page_bytes)

    @property
    def finding(self) -> str | None:
        """What is wrong with it; None for a log that only ends in a write cut short."""
        if self._bad_frames:
            return f"{self._bad_frames} frames of its write-ahead log are damaged, and there are commits after them"
        return None

    def _scan(self, salts: bytes, before: tuple[int, int], deadline: float) -> None:
        frame_bytes = FRAME_HEADER_BYTES + self.page_bytes
        uncommitted: dict[int, int] = {}
        bad, has_bad_commit = 0, False
        size = os.fstat(self._descriptor).st_size
        for place in range(WAL_HEADER_BYTES, size - frame_bytes + 1, frame_bytes):
            if time.monotonic() > deadline:
                break
            self.frames_read += 1
            frame = _read_at(self._descriptor, place, frame_bytes)
            number, page_count, *own = struct.unpack(">II8xII", frame[:FRAME_HEADER_BYTES])
            found = wal_checksum(frame[:8], self._order, before)
            before = (own[0], own[1])
            if frame[8:16] != salts or wal_checksum(frame[FRAME_HEADER_BYTES:], self._order, found) != before:
                bad += 1
                has_bad_commit = has_bad_commit or (frame[8:16] == salts and page_count > 0)
                continue
            uncommitted[number] = place + FRAME_HEADER_BYTES
            if page_count:
                # Every commit waits for the disk: a power cut tears the last one, and leaves no commit after that.
                # (What a process that was killed had begun lies there too, without its commit.)
                if has_bad_commit:
                    self._bad_frames = bad
                has_bad_commit = has_bad_commit or bad > 0
                self.frames.update(uncommitted)
                self.page_count = page_count
                uncommitted.clear()


def log_damage(path: Path, seconds_max: float = LOG_CHECK_S_MAX) -> str | None:
    """What is wrong with the write-ahead log of a database that nobody has open; None: nothing that was found in time.
    (SQLite then reads the rest, as far as its checksums go.)"""
    wal = _open_wal(path, seconds_max)
    if wal is None:
        return None
    try:
        return wal.finding
    finally:
        wal.close()


def wal_checksum(data: bytes, order: str, before: tuple[int, int]) -> tuple[int, int]:
    """Of 8 bytes at a time; ``order`` ``<`` or ``>``, as the log's magic number says."""
    words = array("I", data)
    if order != _OWN_ORDER:
        words.byteswap()
    first, second = before
    pairs = iter(words)
    for even, odd in zip(pairs, pairs, strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second


_OWN_ORDER: Final = "<" if sys.byteorder == "little" else ">"


def _open_wal(path: Path, seconds_max: float = math.inf) -> WalFile | None:
    try:
        return WalFile(path.with_name(path.name + "-wal"), seconds_max)
    except OSError:
        return None


def _read_at(descriptor: int, place: int, count: int) -> bytes:
    """Exactly ``count`` bytes: zeros where the file has ended or the disk gives nothing back."""
    try:
        data = os.pread(descriptor, count, place)
    except OSError:
        if count <= PAGE_BYTES_DEFAULT:
            return bytes(count)
        # One bad sector must not cost a megabyte.
        parts = range(0, count, PAGE_BYTES_DEFAULT)
        return b"".join(_read_at(descriptor, place + at, min(PAGE_BYTES_DEFAULT, count - at)) for at in parts)
    return data if len(data) == count else data + bytes(count - len(data))
