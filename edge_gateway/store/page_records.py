"""Cells and records of B-tree pages, taken one by one so that a damaged one costs only itself.

Source: "Database File Format", sqlite.org/fileformat2.html: 1.6 (B-tree pages), 2.1 (record format). No function here
raises on bytes of whatever kind: what makes no sense is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

INTERIOR_INDEX: Final = 0x02
INTERIOR_TABLE: Final = 0x05
LEAF_INDEX: Final = 0x0A
LEAF_TABLE: Final = 0x0D

PAYLOAD_BYTES_MAX: Final = 4_000_000
"""No row is larger: requests end at 256 KiB. A length beyond is damage, and would cost time and memory."""

COLUMNS_MAX: Final = 32

Value = int | str | bytes | float | None
ReadPage = Callable[[int], bytes]


class Cell(NamedTuple):
    """``rowid`` 0 in an index."""

    rowid: int
    values: tuple[Value, ...]


class Child(NamedTuple):
    """A page below an interior one of a table: rowids up to ``rowid_max``; None: the rightmost."""

    page: int
    rowid_max: int | None


def cell_places(page: bytes, header_at: int = 0) -> list[int]:
    """Where the cells of a page are said to be, in key order; those out of the page are left out."""
    size = len(page)
    header_bytes = 12 if page[header_at] in (INTERIOR_TABLE, INTERIOR_INDEX) else 8
    start = header_at + header_bytes
    count: int = struct.unpack_from(">H", page, header_at + 3)[0]
    count = min(count, (size - start) // 2)
    places = struct.unpack_from(f">{count}H", page, start)
    return [place for place in places if start + 2 * count <= place < size - 3]


def cell_count(page: bytes) -> int:
    """How many cells the page says it has."""
    count: int = struct.unpack_from(">H", page, 3)[0]
    return count


def table_rowid(page: bytes, place: int) -> int:
    """The rowid of a leaf's cell, without its record; 0 if it is cut off."""
    _, at = varint(page, place)
    return varint(page, at)[0]


def table_cell(page: bytes, place: int, read_page: ReadPage) -> Cell | None:
    """A row of a table."""
    length, at = varint(page, place)
    rowid, at = varint(page, at)
    usable = len(page)
    payload = _payload(page, at, length, usable - 35, read_page)
    values = None if payload is None else record(payload)
    return None if values is None else Cell(rowid, values)


def index_cell(page: bytes, place: int, read_page: ReadPage) -> Cell | None:
    """A row of an index, or of a table WITHOUT ROWID; also on interior pages, which hold rows too."""
    at = place + 4 if page[0] == INTERIOR_INDEX else place
    length, at = varint(page, at)
    payload = _payload(page, at, length, (len(page) - 12) * 64 // 255 - 23, read_page)
    values = None if payload is None else record(payload)
    return None if values is None else Cell(0, values)


def key_cell(page: bytes, at: int) -> tuple[bytes, int] | None:
    """Key and sequence of a row (text, text, text, integer) that lies whole on its page; None for any other.

    As ``index_cell`` reads it, without what is not needed: a store has millions of them.
    """
    try:
        length = page[at]
        at += 1
        if length >= 0x80:
            length = (length & 0x7F) << 7 | page[at]
            at += 1
        end, body = at + length, at + page[at]
        kinds, at = [], at + 1
        while at < body:
            kind = page[at]
            at += 1
            if kind >= 0x80:
                kind = (kind & 0x7F) << 7 | page[at]
                at += 1
            kinds.append(kind)
        key, digest, event_id, sequence = kinds
        if not (key & digest & event_id & 1 and min(key, digest, event_id) > 12 and 0 < sequence < 7):
            return None
        key_end = body + (key - 13 >> 1)
        number_at = key_end + (digest - 13 >> 1) + (event_id - 13 >> 1)
        if at != body or number_at + _VALUE_BYTES[sequence] != end or end > len(page):
            return None
    except (IndexError, ValueError):
        return None
    return page[body:key_end], int.from_bytes(page[number_at:end], "big", signed=True)


def children(page: bytes) -> Iterator[Child]:
    """Of an interior page of a table, in order."""
    for place in cell_places(page):
        if place + 5 <= len(page):
            rowid, _ = varint(page, place + 4)
            yield Child(struct.unpack_from(">I", page, place)[0], rowid)
    yield Child(struct.unpack_from(">I", page, 8)[0], None)


def record(payload: bytes) -> tuple[Value, ...] | None:
    """The values of a record; None if it makes no sense. (Flat: it is run for every row and key of a store.)"""
    end = len(payload)
    header_bytes, at = varint(payload, 0)
    if not at <= header_bytes <= end:
        return None
    body = header_bytes
    values: list[Value] = []
    while at < header_bytes:
        kind = payload[at]
        if kind < 0x80:
            at += 1
        else:
            kind, at = varint(payload, at)
        if kind >= 12:
            stop = body + (kind - 12 >> 1)
        elif 0 <= kind < 10:
            stop = body + _VALUE_BYTES[kind]
        else:
            return None
        if stop > end or len(values) == COLUMNS_MAX:
            return None
        if kind >= 12 and kind & 1:
            try:
                values.append(payload[body:stop].decode())
            except UnicodeDecodeError:
                return None
        elif kind >= 12:
            values.append(payload[body:stop])
        else:
            values.append(_value(kind, payload[body:stop]))
        body = stop
    return tuple(values) if at == header_bytes and body == end else None


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number and the place behind it; behind the end of the data if it is cut off."""
    end = len(data)
    if at < end and data[at] < 0x80:
        return data[at], at + 1
    value = 0
    for count in range(9):
        if at >= end:
            return 0, end + 1
        byte = data[at]
        at += 1
        if count == 8:
            value = value << 8 | byte
            return value - (1 << 64) if value >> 63 else value, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _payload(page: bytes, at: int, length: int, local_max: int, read_page: ReadPage) -> bytes | None:
    usable = len(page)
    if not 0 < length <= PAYLOAD_BYTES_MAX:
        return None
    if length <= local_max:
        payload = page[at : at + length]
        return payload if len(payload) == length else None
    local_min = (usable - 12) * 32 // 255 - 23
    local = local_min + (length - local_min) % (usable - 4)
    if local > local_max:
        local = local_min
    if at + local + 4 > usable:
        return None
    parts = [page[at : at + local]]
    missing = length - local
    number: int = struct.unpack_from(">I", page, at + local)[0]
    while missing > 0:
        if number < 2:
            return None
        following = read_page(number)
        number = struct.unpack_from(">I", following, 0)[0]
        parts.append(following[4 : 4 + min(missing, usable - 4)])
        missing -= usable - 4
    return b"".join(parts)


_VALUE_BYTES: Final = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
"""By serial type below 10."""


def _value(kind: int, data: bytes) -> Value:
    """Of a serial type below 10."""
    if kind == 0:
        return None
    if kind == 7:
        number: float = struct.unpack(">d", data)[0]
        return number
    return kind - 8 if kind > 7 else int.from_bytes(data, "big", signed=True)
