"""The paper of one simulated printer as the oracle reads it: which line of which job, in the order of printing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from simulators.escpos_paper import ColumnImage, Line, Picture
from simulators.print_torture.jobs import TortureJob
from simulators.print_torture.marks import Mark, find_mark


class PaperItem(Protocol):
    """A line, a symbol or a picture on simulated paper."""

    @property
    def text(self) -> str: ...


@dataclass(slots=True)
class Seen:
    """A marked line as it is on paper, and the height of the pictures behind it. ``is_copy``: the mark of copies stands
    above the first line."""

    mark: Mark
    text: str
    is_copy: bool
    picture_dots: int = 0


@dataclass(slots=True)
class Copies:
    """What paper says of one job. ``whole``: copies of which nothing is missing; ``begun``: pieces that lack something;
    ``lines``: how often the line that is there most often is there; ``changed``: lines that say something else."""

    whole: int = 0
    begun: int = 0
    lines: int = 0
    changed: list[str] = field(default_factory=list)


class Roll:
    """Takes the paper as it is printed. ``copy_mark``: words that stand above a copy."""

    def __init__(self, copy_mark: str) -> None:
        self._copy_mark = copy_mark
        self._seen: list[Seen] = []
        self._is_copy_next = False
        self._texts: list[str] = []

    @property
    def text(self) -> str:
        """All of it, as a person would read it."""
        return "\n".join(self._texts) + "\n"

    def take(self, items: Iterable[PaperItem]) -> None:
        """The next items."""
        for item in items:
            self._texts.append(item.text)
            mark = find_mark(item.text)
            if mark is not None:
                self._seen.append(Seen(mark, item.text, self._is_copy(mark)))
            elif self._seen and (height := _picture_dots(item)):
                self._seen[-1].picture_dots += height
            elif self._copy_mark in item.text:
                self._is_copy_next = True

    def _is_copy(self, mark: Mark) -> bool:
        if mark.index == 1:
            is_copy, self._is_copy_next = self._is_copy_next, False
            return is_copy
        return bool(self._seen) and self._seen[-1].is_copy and self._seen[-1].mark.number == mark.number

    def runs(self) -> Mapping[int, list[list[Seen]]]:
        """Of each job by its number: lines that follow each other without a gap, in the order of printing."""
        found: dict[int, list[list[Seen]]] = defaultdict(list)
        last: Mark | None = None
        for seen in self._seen:
            if last is None or (seen.mark.number, seen.mark.index) != (last.number, last.index + 1):
                found[seen.mark.number].append([])
            found[seen.mark.number][-1].append(seen)
            last = seen.mark
        return found


def _picture_dots(item: PaperItem) -> int:
    """Height of a picture, or of a strip of one in a line; 0: it is none."""
    if isinstance(item, Picture):
        return item.height_dots
    if isinstance(item, Line) and any(isinstance(each, ColumnImage) for each in item.items):
        return item.height_dots
    return 0


def copies(job: TortureJob, runs: Sequence[Sequence[Seen]], *, of_copies: bool = False) -> Copies:
    """What runs on any number of rolls come to. A part is whole if it is in one piece; a job, if each of its parts is
    (printers take a job up again behind a cut). ``of_copies``: only what is marked as a copy, else only what is not."""
    expected = {line.mark.index: line for line in job.lines}
    result = Copies()
    parts = [0] * len(job.parts)
    lines: dict[int, int] = defaultdict(int)
    for run in runs:
        good: set[int] = set()
        for seen in run:
            if seen.is_copy is not of_copies:
                continue
            lines[seen.mark.index] += 1
            line = expected.get(seen.mark.index)
            is_as_sent = line is not None and seen.mark == line.mark and line.text in (None, seen.text)
            if not is_as_sent:
                result.changed.append(seen.text)
            if line is not None and is_as_sent and seen.picture_dots >= line.picture_dots:
                good.add(seen.mark.index)
        first = 1
        for number, last in enumerate(job.parts):
            parts[number] += good.issuperset(range(first, last + 1))
            first = last + 1
        result.begun += bool(good) and not good.issuperset(expected)
    result.whole = min(parts)
    result.lines = max(lines.values(), default=0)
    return result
