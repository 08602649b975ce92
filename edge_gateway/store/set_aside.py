"""Files of a store that was found damaged: moved out of the way, marked until they are salvaged, kept for a person."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import Final

SUFFIXES: Final = ("-wal", "-shm", "")
"""The log first: left behind beside a new database, it would be taken for that one's."""

MARK: Final = ".unsalvaged"
KEPT_MAX: Final = 5
"""Salvaged stores kept for a person to look at. A card that dies must not fill the disk with them."""
KEPT_DISK_SHARE: Final = 0.1
"""Of the disk, that they may take together. The newest is kept in any case."""


def set_aside(path: Path, now: datetime) -> Path:
    """Rename the database and its log; answers the new name. Raises OSError.

    The mark is there before anything moves, so that a power cut in between loses track of nothing.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while target.exists() or _mark(target).exists():
        number += 1
        target = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    _mark(target).touch(0o640)
    _sync(path.parent)
    _move(path, target)
    return target


def finish_renaming(path: Path) -> None:
    """After a power cut: a store whose log was moved away already follows it. Before ``path`` is opened."""
    for target in _marked(path):
        if not target.exists():
            if target.with_name(target.name + "-wal").exists() and path.exists():
                _move(path, target)
            else:
                _mark(target).unlink()


def unsalvaged(path: Path) -> list[Path]:
    """Stores that were set aside and are not salvaged yet, oldest first."""
    return [target for target in _marked(path) if target.exists()]


def salvaged(target: Path) -> None:
    """Its rows are in the new store."""
    _mark(target).unlink(missing_ok=True)
    _sync(target.parent)


def forget_oldest(path: Path) -> None:
    """Remove the oldest salvaged stores beyond the number, and beyond the room, that is kept."""
    names = {
        found.name.removesuffix("-wal").removesuffix("-shm") for found in path.parent.glob(f"{path.name}.corrupt-*")
    }
    kept = sorted((path.with_name(name) for name in names if not name.endswith(MARK)), key=_age)
    disk = os.statvfs(path.parent)
    left_bytes = int(disk.f_blocks * disk.f_frsize * KEPT_DISK_SHARE)
    newest_first = reversed([one for one in kept if not _mark(one).exists()])
    for number, target in enumerate(newest_first):
        left_bytes -= sum(_size(part) for part in _parts(target))
        if number == 0 or (number < KEPT_MAX and left_bytes >= 0):
            continue
        for part in _parts(target):
            with contextlib.suppress(OSError):
                part.unlink()


def is_renaming(path: Path) -> bool:
    """Whether some store is set aside and not salvaged: only then there is anything to finish."""
    return bool(_marked(path))


def _parts(target: Path) -> list[Path]:
    return [target.with_name(target.name + suffix) for suffix in SUFFIXES]


def _size(part: Path) -> int:
    """What it takes on the disk: a log is given its room before it is filled."""
    try:
        return part.stat().st_blocks * 512
    except OSError:
        return 0


def _marked(path: Path) -> list[Path]:
    marks = path.parent.glob(f"{path.name}.corrupt-*{MARK}")
    return sorted((mark.with_name(mark.name.removesuffix(MARK)) for mark in marks), key=_age)


def _age(target: Path) -> tuple[str, int]:
    """By its stamp; several of one second by their number, of which the first has none."""
    stamp, _, number = target.name.rpartition(".corrupt-")[2].partition("-")
    return stamp, int(number) if number.isdecimal() else 1


def _mark(target: Path) -> Path:
    return target.with_name(target.name + MARK)


def _move(path: Path, target: Path) -> None:
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(target.with_name(target.name + suffix))
    _sync(path.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
