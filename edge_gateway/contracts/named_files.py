"""Files that a driver's settings name: needed later, and told as soon as they are known to be of no use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class FileProblem:
    """``key``: below the driver's settings, where the file is named."""

    key: tuple[str, ...]
    value: str
    problem: str


@runtime_checkable
class NamesFiles(Protocol):
    """Settings of a driver that name files. A device with a file that is of no use does all that needs it not."""

    @property
    def has_files(self) -> bool:
        """There is one to look at."""
        ...

    def file_problems(self) -> Iterable[FileProblem]:
        """Of the files as they are now. Reads them."""
        ...
