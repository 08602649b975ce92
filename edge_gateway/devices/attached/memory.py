"""What discovery knows over a restart: the devices it took, and serial numbers that several devices have."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NAME: Final = "attached.json"
FILE_BYTES_MAX: Final = 262_144
"""Far more than the limits below can fill; a larger file is none of ours."""
TAKEN_MAX: Final = 64
"""More devices than a box has sockets: what comes after it is not taken, and the list says so."""
KEEP_DAYS: Final = 30
"""A device that was taken stays known for so long after it was seen last: longer than a repair takes."""


class TakenDevice(BaseModel):
    """A device that was taken into use by itself. ``device``: its ``[[device]]``."""

    model_config = ConfigDict(extra="ignore")

    identity: str
    device: dict[str, Any]
    seen: date


class Memory(BaseModel):
    """The whole file. A broken one counts as none: it is made anew from what is attached."""

    model_config = ConfigDict(extra="ignore")

    clones: set[str] = Field(default_factory=set)
    taken: list[TakenDevice] = Field(default_factory=list)
    forgotten: list[TakenDevice] = Field(default_factory=list)
    """Taken before, and forgotten while the gateway did not run: what it told and counted goes at its next start."""

    @classmethod
    def read(cls, directory: Path) -> Memory:
        """Never raises: without the file, discovery begins anew."""
        try:
            with (directory / NAME).open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
            return cls.model_validate_json(content) if len(content) <= FILE_BYTES_MAX else cls()
        except (OSError, ValidationError):
            return cls()

    def text(self) -> str:
        return json.dumps(self.model_dump(mode="json") | {"clones": sorted(self.clones)}, indent=1)


def write(directory: Path, text: str) -> None:
    """As a whole or not at all; a disk that refuses costs only the memory."""
    with suppress(OSError):
        replace(directory, text)


def replace(directory: Path, text: str) -> None:
    """As ``write``, by whoever may; the file stays its owner's. Raises OSError."""
    path, temporary = directory / NAME, directory / f".{NAME}.new"
    with temporary.open("w", encoding="utf-8") as file:
        if os.geteuid() == 0 and path.exists():
            os.fchown(file.fileno(), path.stat().st_uid, path.stat().st_gid)
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
