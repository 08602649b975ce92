"""What came out of a damaged store, and what did not: counted by the gaps in the numbers of each stream."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge_gateway.store.page_survey import Survey
from edge_gateway.store.salvage_reader import SalvageReader
from edge_gateway.store.salvage_rows import STREAM_IDS, STREAM_NAMES
from edge_gateway.store.sequence import first_sequence

KEYS_LISTED_MAX: Final = 100
"""Transaction ids of lost sales that an alert and the log name; all of them are in `lost_event`."""

_STATES: Final = "SELECT kept_as, stage, report, acknowledged_ms FROM salvage ORDER BY begun_ms, kept_as"


@dataclass(slots=True)
class SalvageReport:
    """By stream where that makes sense. ``is_exact`` False: the damage leaves more than one answer."""

    salvaged: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    is_exact: bool = True
    open_ended: list[str] = field(default_factory=list)
    """Streams whose newest events were on pages that cannot be read: how many those were, nothing tells."""
    dead_letters: int = 0
    dead_letters_lost: int = 0
    keys: int = 0
    keys_lost_total: int = 0
    keys_lost: list[str] = field(default_factory=list)
    """The first of them."""
    commands: int = 0
    print_jobs: int = 0
    print_jobs_lost: int = 0
    """Of which only the key is left: unknown, never printed again."""
    superseded: int = 0
    """Sales that were submitted again before their event was found: one of the two is kept."""
    pages: int = 0
    pages_unreadable: int = 0

    @property
    def lost_total(self) -> int:
        return sum(self.lost.values())

    @property
    def words(self) -> str:
        """For a person."""
        if not self.lost_total:
            words = "none is lost" if self.is_exact else "none is known to be lost"
        else:
            counts = ", ".join(f"{count} of {name}" for name, count in sorted(self.lost.items()))
            words = f"{'' if self.is_exact else 'about '}{counts} are lost"
        if self.open_ended:
            words += f"; the newest of {' and '.join(self.open_ended)} cannot be read, how many they were is not known"
        if self.print_jobs_lost:
            words += f"; of {self.print_jobs_lost} print jobs nothing is left but their ids"
        return f"{sum(self.salvaged.values())} waiting events were salvaged, {words}"

    def to_json(self) -> str:
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> SalvageReport:
        values: dict[str, Any] = json.loads(text)
        for name in ("salvaged", "lost"):
            values[name] = Counter(values.get(name, {}))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class SalvageState:
    """Of one store that was set aside. ``is_acknowledged``: a person has said that it was seen."""

    kept_as: str
    stage: str
    report: SalvageReport
    is_acknowledged: bool

    @property
    def has_losses(self) -> bool:
        """Something is missing, or may be."""
        report = self.report
        is_whole = report.is_exact and not report.lost_total and not report.dead_letters_lost
        return not self.is_running and (self.stage == "failed" or not is_whole)

    @property
    def is_running(self) -> bool:
        return self.stage not in ("done", "failed")


def salvage_states(connection: sqlite3.Connection) -> list[SalvageState]:
    """All there are, oldest first."""
    states = []
    for kept_as, stage, text, acknowledged_ms in connection.execute(_STATES).fetchall():
        states.append(SalvageState(kept_as, stage, SalvageReport.from_json(text), acknowledged_ms is not None))
    return states


def acknowledge(connection: sqlite3.Connection, now_ms: int, user: str) -> list[SalvageState]:
    """A person has seen what was lost; answers what that was. Inside a transaction."""
    states = [state for state in salvage_states(connection) if not state.is_acknowledged and not state.is_running]
    connection.executemany(
        "UPDATE salvage SET acknowledged_ms = ?, acknowledged_by = ? WHERE kept_as = ?",
        [(now_ms, user, state.kept_as) for state in states],
    )
    return states


def count_lost(survey: Survey, reader: SalvageReader, report: SalvageReport, newest: Mapping[int, int]) -> set[int]:
    """Once all events were read; answers the ids of the streams that lost some. ``newest``: last numbers, where known.

    Two counts: numbers given out less those that left, and the gaps where damage was seen. Where the first finds more
    than the second, the damage was not seen (a count of rows on a page that went down): any gap may be a loss then.
    """
    losers = set()
    report.open_ended = []
    for stream_id in STREAM_IDS:
        first, end = first_sequence(stream_id), first_sequence(stream_id + 1)
        found = reader.count_between(first, end)
        last = max(survey.facts.settled.get(stream_id, 0), reader.newest_between(first, end), first)
        last = newest.get(stream_id) or max(last, survey.key_newest(stream_id))
        gaps = reader.missing_between(first, last + 1)
        removed = survey.facts.removed.get(stream_id)
        lost = gaps if removed is None else last - first - removed - found
        if removed is not None and lost > gaps:
            reader.darken(max(first, reader.oldest_between(first, end) - 1), last + 1)
            report.is_exact = False
        if last > first and stream_id not in newest and reader.is_dark_beyond(last, end):
            report.open_ended.append(STREAM_NAMES[stream_id])
            report.is_exact = False
        if lost > 0:
            report.lost[STREAM_NAMES[stream_id]] = lost
            report.is_exact = report.is_exact and removed is not None
            losers.add(stream_id)
    return losers
