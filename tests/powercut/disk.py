"""What a disk holds after the power was cut: all that was flushed, and any part of what was not.

The model, stricter than the file systems a gateway runs on:

* The content and the size of a file are safe once it was synced (fsync or fdatasync) after they were written.
* A name (creation, renaming, removal) is safe once the directory was synced. Until then any part of the changes of
  names may be there, in any order that makes sense; each single one is there or not.
* Between two syncs each block (512 bytes or 4 KiB) of a file may be as it was, or as after any of the writes since; the
  size too. Where a file grew but its blocks did not reach the disk there are zeros, or what somebody else left there.
* A block is written whole or not at all, as SQLite relies on (it calls it powersafe overwrite) and disks promise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.powercut.trace import Kind, Record

SECTOR_BYTES: Final = 512
PAGE_BYTES: Final = 4096


class Cut(Enum):
    """What became of what was not flushed."""

    NOTHING_KEPT = "nothing kept"
    ALL_KEPT = "all kept"
    TORN = "all but a part of the last write"
    SECTORS = "any 512-byte sectors"
    PAGES = "any 4 KiB blocks"


class Change(NamedTuple):
    """A write (``data``), or a new size (None) at ``place``."""

    place: int
    data: bytes | None


@dataclass(eq=False, slots=True)
class File:
    """``durable``: what no power cut takes away. ``live``: what the process sees."""

    durable: bytearray = field(default_factory=bytearray)
    live: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def change(self, change: Change) -> None:
        self.pending.append(change)
        _apply(self.live, change)

    def sync(self) -> list[Change]:
        """What became durable by it."""
        flushed, self.pending = self.pending, []
        for change in flushed:
            _apply(self.durable, change)
        return flushed


@dataclass(frozen=True, slots=True)
class NameChange:
    """``file`` None: ``name`` goes. ``renamed_from``: that name goes with it, in one."""

    name: str
    file: File | None
    renamed_from: str | None = None


class VolatileDisk:
    """One directory, empty at first, followed through a trace."""

    def __init__(self) -> None:
        self.names: dict[str, File] = {}
        self.durable_names: dict[str, File] = {}
        self.pending_names: list[NameChange] = []
        self.durable_version = 0
        """Rises whenever more is safe than before."""
        self._by_inode: dict[int, File] = {}

    def follow(self, record: Record) -> list[tuple[File, Change]]:
        """Answers what became durable by it."""
        match record.kind:
            case Kind.CREATED:
                file = self._by_inode[record.inode] = File()
                self._rename(NameChange(record.name, file))
            case Kind.OPENED:
                assert self.names[record.name] is self._by_inode[record.inode]
            case Kind.WRITTEN:
                self._by_inode[record.inode].change(Change(record.place, record.payload))
            case Kind.SIZED:
                self._by_inode[record.inode].change(Change(record.place, None))
            case Kind.SYNCED:
                file = self._by_inode[record.inode]
                self.durable_version += bool(file.pending)
                return [(file, change) for change in file.sync()]
            case Kind.DIRECTORY_SYNCED:
                self.durable_version += bool(self.pending_names)
                self.durable_names, self.pending_names = dict(self.names), []
            case Kind.RENAMED:
                old, _, new = record.name.partition("\0")
                self._rename(NameChange(new, self.names[old], old))
            case Kind.UNLINKED:
                self._rename(NameChange(record.name, None))
            case Kind.UNTRACED:
                raise AssertionError(f"the trace has a hole: {record.name}")
            case Kind.NOTED:
                pass
        return []

    @property
    def is_safe(self) -> bool:
        """Nothing to lose."""
        return not self.pending_names and not any(file.pending for file in self.names.values())

    def names_after(self, cut: Cut, random: Random) -> Mapping[str, File]:
        """Which names lead to which files."""
        if cut is Cut.NOTHING_KEPT or not self.pending_names:
            return self.durable_names
        if cut in (Cut.ALL_KEPT, Cut.TORN):
            return self.names
        names = dict(self.durable_names)
        share = random.choice((0.1, 0.5, 0.9))
        for change in self.pending_names:
            if random.random() < share:
                _apply_name(names, change)
        return names

    def _rename(self, change: NameChange) -> None:
        self.pending_names.append(change)
        _apply_name(self.names, change)


def content_after(file: File, cut: Cut, random: Random) -> tuple[int, list[tuple[int, bytes]]]:
    """The size, and how the content differs from the durable one: (offset, bytes)."""
    if cut is Cut.NOTHING_KEPT or not file.pending:
        return len(file.durable), []
    if cut is Cut.ALL_KEPT:
        return len(file.live), list(_live_ranges(file))
    if cut is Cut.TORN:
        return _torn(file, random)
    return _shuffled(file, SECTOR_BYTES if cut is Cut.SECTORS else PAGE_BYTES, random)


def _torn(file: File, random: Random) -> tuple[int, list[tuple[int, bytes]]]:
    """All writes but the last, of which only the first sectors reached the disk; a last change of size did not."""
    *whole, last = file.pending
    size = len(file.durable)
    patches: list[tuple[int, bytes]] = []
    for change in whole:
        if change.data is not None:
            patches.append((change.place, change.data))
            size = max(size, change.place + len(change.data))
        else:
            # What lies beyond comes back as zeros, should the file grow again.
            patches = [(place, data[: change.place - place]) for place, data in patches if place < change.place]
            patches.append((change.place, bytes(max(0, len(file.durable) - change.place))))
            size = change.place
    if last.data is not None:
        sectors = range(last.place // SECTOR_BYTES, (last.place + len(last.data) - 1) // SECTOR_BYTES + 1)
        reached = last.data[: max(0, random.choice(sectors) * SECTOR_BYTES - last.place)]
        patches.append((last.place, reached))
        size = max(size, last.place + len(reached)) if reached else size
    return size, [(place, data) for place, data in patches if data]


def _live_ranges(file: File) -> Iterator[tuple[int, bytes]]:
    size = len(file.live)
    for change in file.pending:
        if change.data is not None:
            end = min(change.place + len(change.data), size)
            if change.place < end:
                yield change.place, bytes(file.live[change.place : end])
        elif change.place < size:
            yield change.place, bytes(file.live[change.place :])


def _shuffled(file: File, block_bytes: int, random: Random) -> tuple[int, list[tuple[int, bytes]]]:
    """Each block as of a moment of its own since the last sync."""
    touching: dict[int, list[int]] = {}
    sizes = [len(file.durable)]
    for index, change in enumerate(file.pending):
        if change.data is None:
            start, end = sorted((change.place, sizes[-1]))
            sizes.append(change.place)
        else:
            start, end = change.place, change.place + len(change.data)
            sizes.append(max(sizes[-1], end))
        for block in range(start // block_bytes, (end - 1) // block_bytes + 1) if end > start else ():
            touching.setdefault(block, []).append(index)
    size = random.choice(sizes)
    share = random.choice((0.1, 0.5, 0.9))
    fill = random.randbytes(block_bytes) if random.random() < 0.2 else bytes(block_bytes)
    patches = []
    for block, indexes in touching.items():
        place = block * block_bytes
        if place >= size:
            continue
        kept = indexes if random.random() < share else indexes[: random.randrange(len(indexes))]
        content = bytearray(file.durable[place : place + block_bytes])
        content += fill[len(content) :] if not content else bytes(block_bytes - len(content))
        for index in kept:
            _apply_within(content, place, file.pending[index])
        patches.append((place, bytes(content[: size - place])))
    return size, patches


def _apply_within(block: bytearray, place: int, change: Change) -> None:
    if change.data is None:
        start = max(0, change.place - place)
        if start < len(block):
            block[start:] = bytes(len(block) - start)
        return
    start, end = max(change.place, place), min(change.place + len(change.data), place + len(block))
    block[start - place : end - place] = change.data[start - change.place : end - change.place]


def _apply(content: bytearray, change: Change) -> None:
    if change.data is None:
        if change.place < len(content):
            del content[change.place :]
        else:
            content.extend(bytes(change.place - len(content)))
        return
    end = change.place + len(change.data)
    if end > len(content):
        content.extend(bytes(end - len(content)))
    content[change.place : end] = change.data


def _apply_name(names: dict[str, File], change: NameChange) -> None:
    if change.renamed_from is not None:
        if names.get(change.renamed_from) is not change.file:
            return  # the name it would be moved from never reached the disk
        del names[change.renamed_from]
    if change.file is None:
        names.pop(change.name, None)
    else:
        names[change.name] = change.file


class Mirror:
    """A directory that shows one state of the disk after the other, writing only what differs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self._shown: dict[str, tuple[File, int]] = {}
        self._sizes: dict[str, int] = {}

    def became_durable(self, disk: VolatileDisk, changes: list[tuple[File, Change]]) -> None:
        """Follow the durable content of what is shown."""
        for file, change in changes:
            for name, descriptor in self._descriptors(file):
                _write(descriptor, change)
                self._sizes[name] = len(file.durable)

    def show(self, names: Mapping[str, File], contents: Mapping[str, tuple[int, list[tuple[int, bytes]]]]) -> None:
        """``contents``: as of ``content_after``. Undone by ``undo``."""
        for name in [name for name, (file, _) in self._shown.items() if names.get(name) is not file]:
            os.close(self._shown.pop(name)[1])
            (self.directory / name).unlink()
        for name, file in names.items():
            if name not in self._shown:
                descriptor = os.open(self.directory / name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                self._shown[name] = (file, descriptor)
                os.pwrite(descriptor, file.durable, 0)
                self._sizes[name] = len(file.durable)
            size, patches = contents[name]
            descriptor = self._shown[name][1]
            for place, data in patches:
                os.pwrite(descriptor, data, place)
            if patches or size != self._sizes[name]:
                os.ftruncate(descriptor, size)

    def undo(self, contents: Mapping[str, tuple[int, list[tuple[int, bytes]]]]) -> None:
        """Show the durable content again; names stay until the next ``show``."""
        for name, (size, patches) in contents.items():
            file, descriptor = self._shown[name]
            for place, data in patches:
                os.pwrite(descriptor, file.durable[place : place + len(data)], place)
            if patches or size != len(file.durable):
                os.ftruncate(descriptor, min(size, len(file.durable)))
                if size < len(file.durable):
                    os.pwrite(descriptor, file.durable[size:], size)

    def close(self) -> None:
        for _, descriptor in self._shown.values():
            os.close(descriptor)

    def _descriptors(self, file: File) -> list[tuple[str, int]]:
        return [(name, descriptor) for name, (shown, descriptor) in self._shown.items() if shown is file]


def _write(descriptor: int, change: Change) -> None:
    if change.data is None:
        os.ftruncate(descriptor, change.place)
    else:
        os.pwrite(descriptor, change.data, change.place)
