"""The shape of what a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """``warning``: selling goes on, somebody should look; ``failed``: something will not work."""

    FINE = "fine"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, what was found, and what to do where it is not fine."""

    name: str
    verdict: Verdict
    found: str
    remedy: str | None = None

    def to_json(self) -> dict[str, str | None]:
        return asdict(self)


def fine(name: str, found: str) -> Finding:
    return Finding(name, Verdict.FINE, found)


def warning(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.WARNING, found, remedy)


def failed(name: str, found: str, remedy: str) -> Finding:
    return Finding(name, Verdict.FAILED, found, remedy)
