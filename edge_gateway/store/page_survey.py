"""Looks through every page of a damaged store once: what lies where, what is free, what cannot be read."""

from __future__ import annotations

import bisect
import struct
from array import array
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from edge_gateway.store.page_file import PageFile
from edge_gateway.store.page_records import (
    INTERIOR_INDEX,
    INTERIOR_TABLE,
    LEAF_INDEX,
    LEAF_TABLE,
    cell_count,
    cell_places,
    children,
    index_cell,
    key_cell,
    table_cell,
    table_rowid,
)
from edge_gateway.store.page_witnesses import PageWitnesses
from edge_gateway.store.print_rows import print_key, print_row
from edge_gateway.store.salvage_rows import FIRST_SEQUENCE, Facts, command_row, event_row, is_sequence, key_row
from edge_gateway.store.sequence import stream_of

SCHEMA_VERSION_ASSUMED: Final = 3
"""Of a file whose first page is gone: the one with checksums, without which nothing of it would count as sound."""

LAST_SEQUENCE: Final = 6 << 40

KEY_GAP_MAX: Final = 1 << 20
"""Between the newest two keys: no till sells a million times in the meantime."""

PAGES_PER_STEP: Final = 16
"""Some milliseconds, if all of them are full of keys."""

YOUNG_SLACK: Final = 1_000
"""No page has more rows."""

_DEPTH_MAX: Final = 20
"""No B-tree is deeper; damaged ones may go in a circle."""


class Holds(IntEnum):
    """What lies on a page."""

    NOTHING = 0
    PENDING = 1
    DEAD = 2
    COMMANDS = 3
    KEYS = 4
    OTHER = 5
    """Of a small table, which is taken at once, or of an index."""
    EMPTY = 6
    """No rows: right for a root, damage on any other page."""
    INTERIOR = 7
    """Above pages of ``pending``."""
    OTHER_INTERIOR = 8
    PRINTS = 9
    PRINT_KEYS = 10


class Survey:
    """``run`` goes through the file in bites; after it the answers are complete."""

    def __init__(self, file: PageFile) -> None:
        self.file = file
        self.facts = Facts(schema_version=file.schema_version or SCHEMA_VERSION_ASSUMED)
        self.pending: array[int] = array("I")
        """The leaves of ``pending``, by the sequences on them."""
        self.unreadable: list[int] = []
        """In use, and nothing on them makes sense."""
        self.rows_max = 0
        """Rows of ``pending`` that there can be."""
        self.newest: dict[int, int] = {}
        """By stream id: no row is much above."""
        self.pages_seen = 0
        self.has_damaged_keys = False
        self._lists: dict[Holds, list[int]] = {}
        self._pivots: dict[int, int] = {}
        self._key_hashes: array[int] = array("Q")
        self._key_newest: dict[int, list[int]] = {}
        count = file.page_count + 2
        self._holds = bytearray(count)
        self._witnesses = PageWitnesses(file)

    def run(self) -> Iterator[None]:
        """Each step reads some pages."""
        self._witnesses.read_free_list()
        for first, pages in self.file.chunks():
            for number, page in enumerate(pages, first):
                self._look(number, page)
                if not number % PAGES_PER_STEP:
                    self.pages_seen = number
                    yield
        self.pages_seen = self.file.page_count
        self._sift()
        yield from self._note_young_keys()
        self._key_hashes = array("Q", sorted(self._key_hashes))

    def pages(self, what: Holds) -> list[int]:
        """Those in use, in the order of the file."""
        return self._lists.get(what, [])

    def may_have_key(self, key: str) -> bool:
        """False: no key that can be read is this one. (True may be chance, once in 10^13.)"""
        wanted = _hash(key.encode("utf-8", "surrogatepass"))
        at = bisect.bisect_left(self._key_hashes, wanted)
        return at < len(self._key_hashes) and self._key_hashes[at] == wanted

    def key_newest(self, stream_id: int) -> int:
        """The highest number that a key of the stream has; 0: none. One far above all others is damaged."""
        second, first = self._key_newest.get(stream_id, [0, 0])
        return first if first - second < KEY_GAP_MAX or not second else second

    def dark_ranges(self) -> list[tuple[int, int]]:
        """Between which sequences pages that cannot be read may have held rows of ``pending`` (both ends excluded).

        The pages above them tell; a page of which nothing is known may have held anything.
        """
        edges = {number: _edges(self.file.page(number)) for number in self.pages(Holds.INTERIOR)}
        ranges = []
        for number in self.unreadable:
            above = self._witnesses.above[number]
            if above in edges:
                ranges.append(self._range_of(number, edges))
            elif not self._is_surely_other(number):
                return [(FIRST_SEQUENCE, LAST_SEQUENCE)]
        return sorted(ranges)

    def _range_of(self, number: int, edges: dict[int, dict[int, tuple[int | None, int | None]]]) -> tuple[int, int]:
        low: int | None = None
        high: int | None = None
        for _ in range(_DEPTH_MAX):
            above = self._witnesses.above[number]
            if above not in edges or (low is not None and high is not None):
                break
            outer_low, outer_high = edges[above].get(number, (None, None))
            low = outer_low if low is None else low
            high = outer_high if high is None else high
            number = above
        return (low or FIRST_SEQUENCE, LAST_SEQUENCE if high is None else high + 1)

    def _is_surely_other(self, number: int) -> bool:
        """Whether a page that cannot be read held no rows of ``pending``."""
        above = self._witnesses.above[number]
        if above:
            return above == 1 or self._holds[above] in (Holds.OTHER_INTERIOR, Holds.KEYS, Holds.PRINT_KEYS)
        # A root. That of `pending` holds rows only while there is no page below it.
        return self._witnesses.is_root(number) and bool(self.pending)

    def _look(self, number: int, page: bytes) -> None:
        if number == 1:
            self._holds[1] = Holds.OTHER  # the schema: shapes tell as much
        elif number == self.file.pointer_map_page(number):
            self._holds[number] = Holds.OTHER
            self._witnesses.read_pointer_map(number, page)
        elif page[0] in (INTERIOR_TABLE, INTERIOR_INDEX):
            self._look_above(number, page)
        elif page[0] == LEAF_INDEX:
            self._holds[number] = self._index_page(page)
        elif page[0] == LEAF_TABLE or (not self._witnesses.is_overflow(number) and any(page)):
            # Also one whose first byte is damaged: its rows prove themselves.
            self._holds[number] = self._table_leaf(number, page)

    def _look_above(self, number: int, page: bytes) -> None:
        if page[0] == INTERIOR_TABLE:
            below = [child.page for child in children(page)]
            rowids = [child.rowid_max for child in children(page) if child.rowid_max is not None]
            is_pending = sum(map(is_sequence, rowids)) * 2 > len(rowids)
            self._holds[number] = Holds.INTERIOR if is_pending else Holds.OTHER_INTERIOR
        else:
            below = [struct.unpack_from(">I", page, place)[0] for place in (*cell_places(page), 8)]
            holds = self._index_page(page)
            self._holds[number] = holds if holds in (Holds.KEYS, Holds.PRINT_KEYS) else Holds.OTHER_INTERIOR
        for child in below:
            self._witnesses.note_below(number, child)

    def _table_leaf(self, number: int, page: bytes) -> Holds:
        places = cell_places(page)
        if not places:
            return Holds.EMPTY if page[0] == LEAF_TABLE and not cell_count(page) else Holds.NOTHING
        pivot = _middle(page, places)
        if is_sequence(pivot):  # only `pending` has such rowids; whether its rows are good, their reader finds out
            self._place(number, pivot, len(places))
            return Holds.PENDING
        for place in places:
            cell = table_cell(page, place, self.file.page)
            if cell is None:
                continue
            row = event_row(cell)
            if row is not None:
                return Holds.DEAD
            if command_row(cell) is not None:
                return Holds.COMMANDS
            if print_row(cell) is not None:
                return Holds.PRINTS
            if self.facts.take(cell):
                self._take_all(page, places)
                return Holds.OTHER
            if all(value is None or isinstance(value, int) for value in cell.values):
                return Holds.OTHER  # marks of days, which begin anew
        return Holds.NOTHING

    def _place(self, number: int, pivot: int, rows: int) -> None:
        self._pivots[number] = pivot
        self.rows_max += rows
        stream_id = stream_of(pivot)
        self.newest[stream_id] = max(self.newest.get(stream_id, 0), pivot + rows)

    def _take_all(self, page: bytes, places: list[int]) -> None:
        for place in places:
            if (cell := table_cell(page, place, self.file.page)) is not None:
                self.facts.take(cell)

    def _index_page(self, page: bytes) -> Holds:
        holds = Holds.NOTHING if cell_count(page) else Holds.EMPTY
        left_bytes = 4 if page[0] == INTERIOR_INDEX else 0
        for place in cell_places(page):
            found = key_cell(page, place + left_bytes)
            if found is not None and is_sequence(found[1]):
                holds = Holds.KEYS
                self._note_key(*found)
                continue
            cell = index_cell(page, place, self.file.page)
            if cell is None:
                self.has_damaged_keys = True
            elif (row := key_row(cell.values)) is not None:  # a key so long that it goes on elsewhere
                holds = Holds.KEYS
                self._note_key(row.key.encode(), row.sequence)
            elif print_key(cell.values) is not None:
                holds = Holds.PRINT_KEYS
            elif holds not in (Holds.KEYS, Holds.PRINT_KEYS):
                self.facts.take_indexed(cell.values)
                holds = Holds.OTHER
        return holds

    def _note_young_keys(self) -> Iterator[None]:
        """Keys beside their events, that are not sorted in yet: of the newest events."""
        for count, number in enumerate(reversed(self.pending), 1):
            if self._pivots[number] <= self._sorted_to(stream_of(self._pivots[number])):
                continue
            page = self.file.page(number)
            for place in cell_places(page):
                cell = table_cell(page, place, self.file.page)
                row = event_row(cell) if cell is not None else None
                if row is not None and row.key is not None:
                    self._key_hashes.append(_hash(row.key.encode()))
            if not count % PAGES_PER_STEP:
                yield
        self._pivots.clear()

    def _sorted_to(self, stream_id: int) -> int:
        """With some slack, for a page that holds older events as well."""
        value = self.facts.gateway.get(f"keys_sorted_to_{stream_id}", 0)
        return value - YOUNG_SLACK if isinstance(value, int) else 0

    def _note_key(self, key: bytes, sequence: int) -> None:
        self._key_hashes.append(_hash(key))
        top = self._key_newest.setdefault(stream_of(sequence), [0, 0])
        if sequence > top[0]:
            top[0] = sequence
            top.sort()

    def _sift(self) -> None:
        """Once all witnesses were heard: which pages count."""
        pending = []
        for number in range(2, self.file.page_count + 1):
            holds = Holds(self._holds[number])
            if self._witnesses.votes(number) < 0:
                continue
            if holds in (Holds.NOTHING, Holds.EMPTY):
                is_empty_root = holds is Holds.EMPTY and self._witnesses.is_root(number)
                if self._witnesses.is_in_tree(number) and not is_empty_root:
                    self.unreadable.append(number)
            elif holds is Holds.PENDING:
                pending.append(number)
            else:
                self._lists.setdefault(holds, []).append(number)
        pending.sort(key=self._pivots.__getitem__)
        self.pending = array("I", pending)
        if any(self._holds[self._witnesses.above[number]] != Holds.INTERIOR for number in self.unreadable):
            self.has_damaged_keys = True


def _edges(page: bytes) -> dict[int, tuple[int | None, int | None]]:
    """Of the pages below: highest sequence of the one before, and its own; None at the ends."""
    edges: dict[int, tuple[int | None, int | None]] = {}
    low: int | None = None
    for child, high in children(page):
        edges[child] = (low, high)
        low = high
    return edges


def _middle(page: bytes, places: list[int]) -> int:
    """A rowid that puts the page in its place, though one of them may be damaged."""
    some = sorted(table_rowid(page, places[at]) for at in (0, len(places) // 2, -1))
    return some[1]


def _hash(key: bytes) -> int:
    """Of this process only: it goes nowhere."""
    return hash(key) & 0xFFFFFFFFFFFFFFFF
