"""durable-append: keyed sales on disk a second, many producers at once; beside the bare collector.

All programs live in this process, on stores of their own side by side, and work in turn, a quarter of a second each,
so that all meet the same noise. What they store is made beforehand: sales of as many tills as there are producers. The
bare collector keeps a sale under its transaction id, as the outbox must (a repeat is one sale); beside it, for what the
order of ids costs, the same under event ids that rise over all tills, which takes every repeat for a new sale. A
rate is the median of its slices. Bytes written are counted as asked for (write calls of this process, which does
nothing else) and as they arrived at the disk (everybody's, so a median of slices too).
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

from edge_gateway.bench import stores
from edge_gateway.bench.bare_collector import BareCollector
from edge_gateway.bench.process_facts import bytes_asked_to_write, device_bytes_written
from edge_gateway.bench.result import BenchResult
from edge_gateway.bench.sales import Sale, Sales
from edge_gateway.bench.slow_disk import SlowConnection, start_slow_sqlite
from edge_gateway.store.thread import SqliteThread

PRODUCERS: Final = (100, 1, 10, 1000)
"""The headline's number first."""
SLICE_S: Final = 0.25
SLICES_MIN: Final = 2
FIRST_SLICE_EVENTS_EACH: Final = 3
"""Of each producer: not counted, but for how long a slice will be."""

Append = Callable[[Sale], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Of store and disk."""

    is_encrypted: bool
    is_slow: bool


@dataclass(slots=True)
class _Program:
    """One of the two, and what was measured of it."""

    name: str
    append: Append
    commits: Callable[[], int]
    rates: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    events: int = 0
    events_per_commit: float = 0.0


async def run(seconds: float, producers: Sequence[int] = PRODUCERS, directory: Path | None = None) -> BenchResult:
    """``seconds`` of each program in each case. The headline: 100 producers, encrypted, this machine's own disk."""
    cases: list[dict[str, Any]] = []
    for kind in (_Kind(True, False), _Kind(False, False), _Kind(True, True)):
        for count in producers:
            with tempfile.TemporaryDirectory(prefix="bench-append-", dir=directory) as name:
                cases += await _case(Path(name), kind, count, seconds)
    ours, floor = cases[0]["events_per_s"], cases[1]["events_per_s"]
    return BenchResult("durable-append", ours, floor, f"events/s, {producers[0]} producers, encrypted", cases)


async def _case(directory: Path, kind: _Kind, producers: int, seconds: float) -> list[dict[str, Any]]:
    async with (
        _ours(directory / "ours", kind) as ours,
        _bare(directory / "bare.db", kind, "bare collector", _transaction_id) as bare,
        _bare(directory / "in-order.db", kind, "bare collector, rising ids, repeats not seen", _event_id) as in_order,
    ):
        programs = (ours, bare, in_order)
        await _measure(programs, producers, seconds, directory)
        for program in programs:
            program.events_per_commit = round(program.events / max(1, program.commits()), 1)
    return [_report(program, kind, producers, median(bare.rates)) for program in programs]


@asynccontextmanager
async def _ours(directory: Path, kind: _Kind) -> AsyncIterator[_Program]:
    start_sqlite = start_slow_sqlite if kind.is_slow else SqliteThread.start
    async with stores.opened(directory, is_encrypted=kind.is_encrypted, start_sqlite=start_sqlite) as (
        database,
        outbox,
    ):
        yield _Program(
            "edge-gateway",
            lambda sale: outbox.append(sale.event, key=sale.key, digest=sale.digest),
            lambda: database.counters["commits"],
        )


@asynccontextmanager
async def _bare(path: Path, kind: _Kind, name: str, id_of: Callable[[Sale], str]) -> AsyncIterator[_Program]:
    collector = BareCollector(path, SlowConnection if kind.is_slow else sqlite3.Connection)
    await collector.open()
    try:
        yield _Program(
            name,
            lambda sale: collector.append(id_of(sale), sale.event.payload),
            lambda: collector.commits,
        )
    finally:
        await collector.close()


def _transaction_id(sale: Sale) -> str:
    return sale.key


def _event_id(sale: Sale) -> str:
    return sale.event.id


async def _measure(programs: Sequence[_Program], producers: int, seconds: float, directory: Path) -> None:
    """In turn: a slice of one, a slice of the other."""
    lines = [Sales(producers).events() for _ in programs]
    slices = max(SLICES_MIN, round(seconds / SLICE_S))
    events_each = FIRST_SLICE_EVENTS_EACH
    for number in range(slices + 1):
        for program, line in zip(programs, lines, strict=True):
            sales = list(zip(*[islice(line, producers) for _ in range(events_each)], strict=True))
            await _slice(program, sales, directory)
        if number == 0:
            slowest = min(program.rates[0] for program in programs)
            events_each = max(1, round(slowest * SLICE_S / producers))
            for program in programs:
                for measured in (program.rates, program.written, program.arrived):
                    measured.clear()


async def _slice(program: _Program, sales: Sequence[Sequence[Sale]], directory: Path) -> None:
    count = sum(map(len, sales))
    payload_bytes = sum(len(sale.event.payload) for mine in sales for sale in mine)
    gc.collect()  # what the preparation left is not the program's to clear away
    asked, arrived = bytes_asked_to_write(), device_bytes_written(directory)
    start = time.perf_counter()
    await asyncio.gather(*[_produce(program.append, mine) for mine in sales])
    program.rates.append(count / (time.perf_counter() - start))
    program.written.append((bytes_asked_to_write() - asked) / payload_bytes)
    if arrived is not None and (arrived_after := device_bytes_written(directory)) is not None:
        program.arrived.append((arrived_after - arrived) / payload_bytes)
    program.events += count


async def _produce(append: Append, sales: Sequence[Sale]) -> None:
    for sale in sales:
        await append(sale)


def _report(program: _Program, kind: _Kind, producers: int, floor: float) -> dict[str, Any]:
    rate = median(program.rates)
    words = ["encrypted" if kind.is_encrypted else "in clear", "10 ms fsync" if kind.is_slow else "own disk"]
    return {
        "case": ", ".join([*words, f"{producers} producers"]),
        "program": program.name,
        "producers": producers,
        "events_per_s": round(rate),
        "ratio": round(rate / floor, 3),
        "events": program.events,
        "events_per_commit": program.events_per_commit,
        "bytes_written_per_payload_byte": round(mean(program.written), 2),
        "disk_bytes_per_payload_byte": round(median(program.arrived), 2) if program.arrived else None,
    }
