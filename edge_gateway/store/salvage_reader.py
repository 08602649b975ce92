"""Reads the rows that are still good from a surveyed store, in the order of their sequences; notes what is missing."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterator, Sequence

from edge_gateway.store.page_records import LEAF_TABLE, Cell, cell_count, cell_places, index_cell, table_cell
from edge_gateway.store.page_survey import LAST_SEQUENCE, Holds, Survey
from edge_gateway.store.print_rows import PrintRow, lost_row, print_key, print_row
from edge_gateway.store.salvage_rows import (
    FIRST_SEQUENCE,
    CommandRow,
    KeyRow,
    StoredRow,
    command_row,
    event_row,
    is_sound,
    key_row,
)


class SalvageReader:
    """Each reading goes page by page. ``events`` first: what it finds missing, ``is_missing`` and the keys go by."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._read_page = survey.file.page
        self.sequences: array[int] = array("Q")
        """Of all events that wait and were found good, rising."""
        self.dark: list[tuple[int, int]] = []
        """Between which sequences rows may be missing (both ends excluded)."""
        self.rows_damaged = 0
        self.dead_damaged = 0
        self.prints_lost = 0
        self._last = FIRST_SEQUENCE
        self._is_open = False

    def events(self) -> Iterator[list[StoredRow]]:
        """The rows of ``pending``, oldest first, each once."""
        self.dark = self._survey.dark_ranges()
        for number in self._survey.pending:
            yield self._events_of(self._read_page(number))
        if self._is_open:
            self.dark.append((self._last, LAST_SEQUENCE))
        self.dark = _merged(self.dark)

    def dead_letters(self) -> Iterator[list[StoredRow]]:
        """Of ``dead_letter``."""
        for number in self._survey.pages(Holds.DEAD):
            found = []
            for cell in self._cells(self._read_page(number)):
                row = event_row(cell) if cell is not None else None
                if row is None or not row.uplink_id or not is_sound(row):
                    self.dead_damaged += 1
                else:
                    found.append(row)
            yield found

    def keys(self) -> Iterator[list[KeyRow]]:
        """Of ``idempotency_key``."""
        for number in self._survey.pages(Holds.KEYS):
            page = self._read_page(number)
            cells = (index_cell(page, place, self._read_page) for place in cell_places(page))
            yield [row for cell in cells if cell is not None and (row := key_row(cell.values)) is not None]

    def commands(self) -> Iterator[list[CommandRow]]:
        """Of ``command``."""
        for number in self._survey.pages(Holds.COMMANDS):
            cells = self._cells(self._read_page(number))
            yield [row for cell in cells if cell is not None and (row := command_row(cell)) is not None]

    def prints(self) -> Iterator[list[PrintRow]]:
        """Of ``print_job``; then, as unknown, those of which only the key is left."""
        found: set[str] = set()
        for number in self._survey.pages(Holds.PRINTS):
            cells = self._cells(self._read_page(number))
            rows = [row for cell in cells if cell is not None and (row := print_row(cell)) is not None]
            found.update(row.key for row in rows)
            yield rows
        self.prints_lost = 0
        for number in self._survey.pages(Holds.PRINT_KEYS):
            page = self._read_page(number)
            indexed = (index_cell(page, place, self._read_page) for place in cell_places(page))
            entries = [entry for cell in indexed if cell is not None and (entry := print_key(cell.values)) is not None]
            lost = [lost_row(entry) for entry in entries if entry.key not in found]
            found.update(row.key for row in lost)
            self.prints_lost += len(lost)
            yield lost

    def is_missing(self, sequence: int) -> bool:
        """Once all events were read: whether an event of this sequence may have waited, and is lost."""
        at = bisect.bisect_right(self.dark, (sequence, 0)) - 1
        if at < 0 or not self.dark[at][0] < sequence < self.dark[at][1]:
            return False
        return not self.has(sequence)

    def has(self, sequence: int) -> bool:
        """Whether the event of this sequence was found good."""
        at = bisect.bisect_left(self.sequences, sequence)
        return at < len(self.sequences) and self.sequences[at] == sequence

    def missing_between(self, low: int, high: int) -> int:
        """How many sequences in the dark ranges, ends excluded, were not found."""
        missing = 0
        for dark_low, dark_high in self.dark:
            first, end = max(dark_low, low) + 1, min(dark_high, high)
            if first < end:
                found = bisect.bisect_left(self.sequences, end) - bisect.bisect_left(self.sequences, first)
                missing += end - first - found
        return missing

    def count_between(self, low: int, high: int) -> int:
        """How many were found good, ends excluded."""
        return bisect.bisect_left(self.sequences, high) - bisect.bisect_right(self.sequences, low)

    def newest_between(self, low: int, high: int) -> int:
        """The highest found, ends excluded; 0: none."""
        at = bisect.bisect_left(self.sequences, high)
        return self.sequences[at - 1] if at and self.sequences[at - 1] > low else 0

    def oldest_between(self, low: int, high: int) -> int:
        """The lowest found, ends excluded; 0: none."""
        at = bisect.bisect_right(self.sequences, low)
        return self.sequences[at] if at < len(self.sequences) and self.sequences[at] < high else 0

    def darken(self, low: int, high: int) -> None:
        """More are missing than the damage that was seen explains: any number that was not found may be."""
        self.dark = _merged([*self.dark, (low, high)])

    def is_dark_beyond(self, last: int, end: int) -> bool:
        """Whether a dark range goes on above a stream's last number, below its end."""
        return any(low < end and last + 1 < high for low, high in self.dark)

    def _events_of(self, page: bytes) -> list[StoredRow]:
        places = cell_places(page)
        rows = [event_row(cell) if cell is not None else None for cell in self._cells(page)]
        found = []
        if len(places) < cell_count(page) or page[0] != LEAF_TABLE:
            self._is_open = True
        for index, row in enumerate(rows):
            if row is None or row.uplink_id or not is_sound(row) or not _is_in_order(rows, index):
                self.rows_damaged += 1
                self._is_open = True
                continue
            if self._take(row.sequence):
                found.append(row)
        return found

    def _take(self, sequence: int) -> bool:
        """False: it was found before, on a page that was in use earlier."""
        if sequence <= self._last:
            if self.has(sequence):
                return False
            bisect.insort(self.sequences, sequence)
            return True
        if self._is_open:
            self.dark.append((self._last, sequence))
            self._is_open = False
        self._last = sequence
        self.sequences.append(sequence)
        return True

    def _cells(self, page: bytes) -> list[Cell | None]:
        return [table_cell(page, place, self._read_page) for place in cell_places(page)]


def _is_in_order(rows: Sequence[StoredRow | None], index: int) -> bool:
    """A row older than checksums proves its content, not its sequence: that lies between those beside it."""
    row = rows[index]
    if row is None or row.checksum is not None:
        return row is not None
    before = rows[index - 1] if index else None
    after = rows[index + 1] if index + 1 < len(rows) else None
    return (before is None or before.sequence < row.sequence) and (after is None or row.sequence < after.sequence)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, overlapping ones made one."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged
