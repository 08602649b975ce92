"""Which pages of a damaged store are in use, by three witnesses: pointer map, list of free pages, the pages above.

Rows of a page that was given back were delivered long ago and must not come back. Where the witnesses disagree the page
counts as in use: an event that comes twice has the same id, and one that is dropped is gone.

Source: "Database File Format", sqlite.org/fileformat2.html: 1.5 (list of free pages), 1.8 (pointer map).
"""

from __future__ import annotations

import struct
from array import array
from typing import Final

from edge_gateway.store.page_file import PageFile

_ROOT: Final = 1
_FREE: Final = 2
_OVERFLOW: Final = (3, 4)
_BTREE: Final = 5
_IN_TREE: Final = (_ROOT, _BTREE)
_MAGIC: Final = b"SQLite format 3\0"


class PageWitnesses:
    """Told of the pages one by one; then asked."""

    def __init__(self, file: PageFile) -> None:
        self._file = file
        count = file.page_count + 2
        self._kinds, self._free, self._is_below = bytearray(count), bytearray(count), bytearray(count)
        self._is_free_list_whole = False
        self.above: array[int] = array("I", bytes(4 * count))
        """By page: the one above it; 0: a root, or nobody knows."""

    def votes(self, number: int) -> int:
        """Of the three witnesses: above 0 in use, below 0 free."""
        kind = self._kinds[number]
        votes = 1 if kind in _IN_TREE else -1 if kind == _FREE else 0
        votes += 1 if self._is_below[number] else 0
        if self._free[number]:
            return votes - 1
        return votes + 1 if self._is_free_list_whole else votes

    def read_free_list(self) -> None:
        """Before anything else. It is whole if it has as many pages as the header says, each once."""
        header = self._file.page(1)
        trunk, count = struct.unpack_from(">II", header, 32)
        found = 0
        while 2 < trunk <= self._file.page_count and not self._free[trunk] and found < count:
            page = self._file.page(trunk)
            self._free[trunk] = 1
            trunk, leaves = struct.unpack_from(">II", page)
            found += 1
            if leaves > len(page) // 4 - 2:
                return
            for number in struct.unpack_from(f">{leaves}I", page, 8):
                if not 2 < number <= self._file.page_count or self._free[number]:
                    return
                self._free[number] = 1
                found += 1
        self._is_free_list_whole = trunk == 0 and found == count and header.startswith(_MAGIC)

    def read_pointer_map(self, number: int, page: bytes) -> None:
        """What the pages after ``number`` are, and below which others."""
        for index in range(min(len(page) // 5, self._file.page_count - number)):
            kind, above = struct.unpack_from(">BI", page, 5 * index)
            child = number + 1 + index
            self._kinds[child] = kind
            if kind == _BTREE and above <= self._file.page_count and not self._is_below[child]:
                self.above[child] = above

    def note_below(self, number: int, child: int) -> None:
        """A page of a tree says what is below it."""
        if 2 < child <= self._file.page_count:
            self.above[child], self._is_below[child] = number, 1

    def is_root(self, number: int) -> bool:
        return self._kinds[number] == _ROOT

    def is_in_tree(self, number: int) -> bool:
        """Whether it is a page of rows or keys: not of the continuation of a long row."""
        return self._kinds[number] in _IN_TREE or bool(self._is_below[number])

    def is_overflow(self, number: int) -> bool:
        """Whether it holds the continuation of a long row."""
        return self._kinds[number] in _OVERFLOW
