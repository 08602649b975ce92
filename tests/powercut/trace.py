"""Runs a process on a disk whose every change is noted, and reads what was noted (volatile_disk.c)."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
PROCESS_S_MAX: Final = 300.0
_HEAD: Final = struct.Struct("=IIQq")


class Kind(IntEnum):
    """As in volatile_disk.c."""

    OPENED = 1
    CREATED = 2
    WRITTEN = 3
    SIZED = 4
    SYNCED = 5
    DIRECTORY_SYNCED = 6
    RENAMED = 7
    UNLINKED = 8
    NOTED = 9
    UNTRACED = 10


class Record(NamedTuple):
    """``place``: an offset, or a size. ``payload``: what was written, a name, two names, or a note."""

    kind: Kind
    inode: int
    place: int
    payload: bytes

    @property
    def name(self) -> str:
        return os.fsdecode(self.payload)


def build_library(directory: Path) -> Path:
    """Compile volatile_disk.c; the test needs a C compiler, which ``./dev test`` installs."""
    library = directory / "volatile_disk.so"
    source = HERE / "volatile_disk.c"
    subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def run_traced(
    library: Path, directory: Path, trace: Path, arguments: Sequence[str], *, kill_after_records: int = 0
) -> None:
    """Run ``python -m ARGUMENTS`` with ``directory`` watched; the records are added to ``trace``.

    ``kill_after_records``: it kills itself then, or ends before. Otherwise it must end well.
    """
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "VOLATILE_DISK_ROOT": str(directory),
        "VOLATILE_DISK_TRACE": str(trace),
        "VOLATILE_DISK_KILL": str(kill_after_records),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment,
        timeout=PROCESS_S_MAX,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0 and not kill_after_records:
        raise AssertionError(f"{arguments} ended with {done.returncode}:\n{done.stderr.decode()[-4000:]}")


def read_trace(path: Path) -> Iterator[Record]:
    """In order. A record that a kill cut short ends it."""
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            kind, length, inode, place = _HEAD.unpack(head)
            payload = file.read(length)
            if len(payload) < length:
                return
            yield Record(Kind(kind), inode, place, payload)


def write_record(file: BinaryIO, record: Record) -> None:
    """As the library does."""
    file.write(_HEAD.pack(record.kind, len(record.payload), record.inode, record.place) + record.payload)
