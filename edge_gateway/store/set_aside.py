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
    """Remove the oldest salvaged stores beyond the number that is kept."""
    names = {
        found.name.removesuffix("-wal").removesuffix("-shm") for found in path.parent.glob(f"{path.name}.corrupt-*")
    }
    kept = sorted(path.with_name(name) for name in names if not name.endswith(MARK))
    for target in [one for one in kept if not _mark(one).exists()][:-KEPT_MAX]:
        for suffix in SUFFIXES:
            with contextlib.suppress(OSError):
                target.with_name(target.name + suffix).unlink()


def _marked(path: Path) -> list[Path]:
    marks = sorted(path.parent.glob(f"{path.name}.corrupt-*{MARK}"))
    return [mark.with_name(mark.name.removesuffix(MARK)) for mark in marks]


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
