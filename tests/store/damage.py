"""Damage to database files, from a seed; and which rows it must not cost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_gateway.store.page_file import PageFile
from edge_gateway.store.page_records import LEAF_TABLE, cell_places, table_cell
from edge_gateway.store.salvage_rows import event_row

PAGE_BYTES = 4096
KINDS = ("bit", "zero", "tear", "noise")


@dataclass(frozen=True)
class Layout:
    """Of a sound store: on which pages each waiting event lies, and where the newest content of each page is."""

    pages_of: dict[int, frozenset[int]]
    leaf_of: dict[int, int]
    in_log: frozenset[int]
    page_count: int


def layout_of(path: Path) -> Layout:
    file = PageFile(path)
    pages_of: dict[int, frozenset[int]] = {}
    leaf_of: dict[int, int] = {}
    for first, pages in file.chunks():
        for number, page in enumerate(pages, first):
            if page[0] != LEAF_TABLE:
                continue
            for place in cell_places(page):
                used = {number}

                def read(overflow: int, used: set[int] = used) -> bytes:
                    used.add(overflow)
                    return file.page(overflow)

                cell = table_cell(page, place, read)
                row = event_row(cell) if cell is not None else None
                if row is not None and not row.uplink_id:
                    pages_of[row.sequence] = frozenset(used)
                    leaf_of[row.sequence] = number
    in_log = frozenset(file._wal.frames if file._wal is not None else ())
    count = file.page_count
    file.close()
    return Layout(pages_of, leaf_of, in_log, count)


def damage(path: Path, rng: random.Random, *, kinds: tuple[str, ...] = KINDS, first: int = 1) -> set[int]:
    """Damage some pages of the file (not of its log); answers which."""
    data = bytearray(path.read_bytes())
    pages = [rng.randrange(first, len(data) // PAGE_BYTES + 1) for _ in range(rng.choice([1, 1, 2, 4]))]
    for page in pages:
        damage_page(data, page, rng.choice(kinds), rng)
    path.write_bytes(data)
    return set(pages)


def damage_page(data: bytearray, page: int, kind: str, rng: random.Random) -> None:
    start = (page - 1) * PAGE_BYTES
    if kind == "bit":
        data[start + rng.randrange(PAGE_BYTES)] ^= 1 << rng.randrange(8)
    elif kind == "zero":
        data[start : start + PAGE_BYTES] = bytes(PAGE_BYTES)
    elif kind == "tear":
        kept = 512 * rng.randrange(1, 8)
        data[start + kept : start + PAGE_BYTES] = bytes(PAGE_BYTES - kept)
    else:
        place = start + rng.randrange(PAGE_BYTES - 200)
        data[place : place + 200] = rng.randbytes(200)


def safe(layout: Layout, hit: set[int]) -> Iterator[int]:
    """Sequences of events that lie on no damaged page."""
    really_hit = hit - layout.in_log
    return (sequence for sequence, pages in layout.pages_of.items() if not pages & really_hit)
