"""One session of a power cut test: processes on a disk that is followed, then the power cut at every point of it."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import structlog

from tests.powercut.campaign import Campaign, Report
from tests.powercut.disk import VolatileDisk
from tests.powercut.trace import Kind, Record, build_library, read_trace, run_traced, write_record

TRADER: Final = "tests.powercut.trader"
PROCESSES: Final = min(2, os.cpu_count() or 1)


class Session:
    """Works in memory where the machine has /dev/shm: each reconstruction is a directory of its own.

    ``directory`` keeps the trace, so that a failure can be looked at again.
    """

    def __init__(self, directory: Path, seed: int) -> None:
        print(f"seed {seed}")
        self.seed = seed
        self.store = directory / "store"
        self.trace = directory / "trace"
        self._records_before = 0
        self._library = build_library(directory)
        memory = Path("/dev/shm")
        self._work = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else directory))
        self.store.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self._work)

    def begin_with(self, notes: Sequence[tuple[str, str]]) -> None:
        """What lies in the store's directory now is safely on the disk, and this was promised of it."""
        with self.trace.open("ab") as file:
            for path in sorted(self.store.iterdir()):
                inode, content = path.stat().st_ino, path.read_bytes()
                write_record(file, Record(Kind.CREATED, inode, 0, os.fsencode(path.name)))
                write_record(file, Record(Kind.WRITTEN, inode, 0, content))
                write_record(file, Record(Kind.SYNCED, inode, 0, b""))
            write_record(file, Record(Kind.DIRECTORY_SYNCED, 0, 0, b""))
            for what, which in notes:
                write_record(file, Record(Kind.NOTED, 0, 0, json.dumps([what, which, None]).encode()))
        self._records_before = sum(1 for _ in read_trace(self.trace))

    def run(self, *arguments: str, kill_after_records: int = 0, module: str = TRADER) -> None:
        """A process that works on the store."""
        run_traced(
            self._library,
            self.store,
            self.trace,
            [module, str(self.store), "--seed", str(self.seed), *arguments],
            kill_after_records=kill_after_records,
        )

    def cut_everywhere(self, *, with_store: bool = False, cuts_each: int = 1, may_be_set_aside: bool = False) -> Report:
        """Every point of the trace; the work is shared by some processes."""
        report = Report()
        options = {
            "with_store": with_store,
            "cuts_each": cuts_each,
            "may_be_set_aside": may_be_set_aside,
            "records_before": self._records_before,
        }
        shares: Sequence[dict[str, Any]] = [
            {**options, "share": (number, PROCESSES), "work": self._work / f"work{number}"}
            for number in range(PROCESSES)
        ]
        with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
            for part in pool.map(_run_share, [self.trace] * PROCESSES, [self.seed] * PROCESSES, shares):
                report.add(part)
        print(dict(report.counters))
        return report

    def check_trace(self) -> None:
        """Nothing went past it: what was followed is what the files are now."""
        disk = VolatileDisk()
        for record in read_trace(self.trace):
            disk.follow(record)
        for name, file in disk.names.items():
            assert (self.store / name).read_bytes() == bytes(file.live), f"{name} was written past the trace"


def _run_share(trace: Path, seed: int, options: dict[str, Any]) -> Report:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    options["work"].mkdir()
    return Campaign(trace, seed=seed, **options).run()
