"""Marks on paper: each line of a job says which job it is of, which line, and how many there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

LINE_COLUMNS = 40
"""Of a marked line: it fits every simulated printer, so that none wraps it."""
LETTERS = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,-+%"

_MARK = re.compile(r"@(\d{4})\.(\d{3})\.(\d{3})@")


@dataclass(frozen=True, slots=True)
class Mark:
    """Line ``index`` (from 1) of ``count`` of the job ``number``."""

    number: int
    index: int
    count: int

    def __str__(self) -> str:
        return f"@{self.number:04d}.{self.index:03d}.{self.count:03d}@"


def find_mark(text: str) -> Mark | None:
    """The mark in a line as printed; None: it has none, or only a part of one."""
    found = _MARK.search(text)
    return None if found is None else Mark(*map(int, found.groups()))


def marked_line(mark: Mark, random: Random) -> str:
    """A line that no other is equal to."""
    words = "".join(random.choice(LETTERS) for _ in range(random.randrange(LINE_COLUMNS - 15)))
    return f"{mark} {words}".strip()
