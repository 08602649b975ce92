"""Brings what is still good in a store that was set aside into the new one, in bites, while the shop sells.

Order: commands and print jobs (a request repeated meanwhile must not be carried out again), events, dead letters, keys.
How far it is lies in the new store, so that a restart goes on; what was read before is read again then, to count what
is lost.
"""

from __future__ import annotations

import copy
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from edge_gateway.contracts.errors import RequestError, StorageFullError, StoreError
from edge_gateway.contracts.store import StreamNames
from edge_gateway.contracts.transaction import read_transaction
from edge_gateway.store.claims import close_open_claims
from edge_gateway.store.epoch import EPOCH
from edge_gateway.store.page_file import PageFile
from edge_gateway.store.page_survey import Survey
from edge_gateway.store.print_rows import PrintRow
from edge_gateway.store.salvage_numbers import Numbers
from edge_gateway.store.salvage_reader import SalvageReader
from edge_gateway.store.salvage_report import KEYS_LISTED_MAX, SalvageReport, count_lost
from edge_gateway.store.salvage_rows import STREAM_IDS, CommandRow, KeyRow, StoredRow
from edge_gateway.store.salvage_writer import Known, SalvageWriter, note_failed
from edge_gateway.store.sealing import Sealer
from edge_gateway.store.sequence import stream_of
from edge_gateway.store.thread import BUSY_TIMEOUT_S

BITE_ROWS_MAX: Final = 500
BITE_BYTES_MAX: Final = 1_000_000
"""Of one bite: some ten milliseconds, for which a sale may have to wait."""

RowT = TypeVar("RowT")

Refusal = Callable[[int], StorageFullError | None]
"""Why so many bytes more may not be stored now."""


class Step(Enum):
    """What a bite came to."""

    MORE = "more"
    BLOCKED = "blocked"
    """The new store cannot take it now: try again later."""
    DONE = "done"


class Salvage:
    """Of one store that was set aside. Everything runs in the SQLite thread, but for ``may_have_key``."""

    def __init__(self, kept_as: Path, new: Path, sealer: Sealer, refusal: Refusal) -> None:
        self.kept_as = kept_as
        self._new = new
        self._sealer = sealer
        self._refusal = refusal
        self._file = PageFile(kept_as)
        self.survey = Survey(self._file)
        self.reader = SalvageReader(self.survey)
        self.report = SalvageReport(pages=self._file.page_count)
        self.is_surveyed = False
        self.has_commands = False
        """Whether all commands and print jobs are in: until then nothing may be claimed."""
        self.ceilings: dict[int, int] = {}
        """By stream id: the new store's own numbers begin above."""
        self.problem: str | None = None
        self._bites = self._run()
        self._surveying = self.survey.run()
        self._connection: sqlite3.Connection | None = None
        self._stage, self._pages_done = "commands", 0
        self._newest: dict[int, int] = {}

    def survey_for(self, seconds: float) -> bool:
        """Look through the file as far as the time reaches; True: all of it."""
        deadline = time.monotonic() + seconds
        while not self.is_surveyed and time.monotonic() < deadline:
            self._survey_on()
        return self.is_surveyed

    def known(self) -> Known:
        """What is known so far of numbers that were given out."""
        facts, epoch = self.survey.facts, self.survey.facts.gateway.get(EPOCH)
        numbers = {
            stream_id: max(
                self.survey.newest.get(stream_id, 0),
                self.survey.key_newest(stream_id),
                facts.settled.get(stream_id, 0),
            )
            for stream_id in STREAM_IDS
        }
        return Known(numbers, epoch if isinstance(epoch, int) else 0)

    def step(self) -> Step:
        """One bite more. Raises sqlite3.Error if the new store itself is broken."""
        try:
            return next(self._bites)
        except StopIteration:
            return Step.DONE

    def may_have_key(self, key: str) -> bool:
        """Whether the old store may know a key: until all is in, nobody can say what became of its event."""
        return not self.is_surveyed or self.survey.may_have_key(key)

    def close(self) -> None:
        self._file.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def give_up(self, reason: str) -> None:
        """Note that it cannot be gone on with; the file stays for a person."""
        self.problem = reason
        note_failed(self._own_connection(), self.kept_as.name)

    def _survey_on(self) -> None:
        if next(self._surveying, self) is self:
            self.is_surveyed = True

    def _run(self) -> Iterator[Step]:
        while not self.is_surveyed:
            self._survey_on()
            yield Step.MORE
        self.report.pages_unreadable = len(self.survey.unreadable)
        connection = self._own_connection()
        row = connection.execute(
            "SELECT stage, pages_done, bases, report, newest FROM salvage WHERE kept_as = ?", (self.kept_as.name,)
        ).fetchone()
        self._stage, self._pages_done = row[0], row[1]
        self.ceilings = {int(stream_id): base for stream_id, base in json.loads(row[2]).items()}
        self._newest = {int(stream_id): number for stream_id, number in json.loads(row[4]).items()}
        is_first = row[3] == "{}"
        if not is_first:
            self.report = SalvageReport.from_json(row[3])
        writer = SalvageWriter(connection, self.kept_as.name)
        self._numbers = Numbers(self.survey.newest, self.survey.rows_max, self.ceilings)
        begin = partial(writer.begin, self.survey.facts, is_first=is_first)
        yield from self._write(self._stage, self._pages_done, lambda report: begin())
        yield from self._stages(writer)

    def _stages(self, writer: SalvageWriter) -> Iterator[Step]:
        def commands(rows: Sequence[CommandRow], report: SalvageReport) -> None:
            report.commands += writer.commands(rows)

        def prints(rows: Sequence[PrintRow], report: SalvageReport) -> None:
            report.print_jobs += writer.prints(rows)

        def events(rows: Sequence[StoredRow], report: SalvageReport) -> None:
            self._put_events(writer, rows, report)

        def dead_letters(rows: Sequence[StoredRow], report: SalvageReport) -> None:
            report.dead_letters += writer.dead_letters(rows)

        yield from self._stage_of("commands", self.reader.commands(), commands)
        close_open_claims(self._own_connection())
        yield from self._stage_of("prints", self.reader.prints(), prints)
        self.report.print_jobs_lost = self.reader.prints_lost
        self.has_commands = True
        numbered = (list(map(self._numbers.event, rows)) for rows in self.reader.events())
        yield from self._stage_of("events", numbered, events)
        losers = count_lost(self.survey, self.reader, self.report, self._newest)
        unlost: set[int] = set()
        pages = _noting(self.reader.dead_letters(), unlost)
        buried = (list(map(self._numbers.dead_letter, rows)) for rows in pages)
        yield from self._stage_of("dead_letters", buried, dead_letters)
        self.report.dead_letters_lost = self.reader.dead_damaged

        def keys(rows: Sequence[KeyRow], report: SalvageReport) -> None:
            lost = [
                row
                for row in rows
                if stream_of(row.sequence) in losers
                and row.sequence not in unlost
                and self.reader.is_missing(row.sequence)
            ]
            gone = {row.key for row in lost}
            writer.lost_keys(lost)
            report.keys += writer.keys([self._numbers.key(row) for row in rows if row.key not in gone])
            report.keys_lost_total += len(lost)
            report.keys_lost += [row.key for row in lost][: KEYS_LISTED_MAX - len(report.keys_lost)]

        yield from self._stage_of("keys", self.reader.keys(), keys)
        yield from self._write("done", 0, lambda report: None)

    def _stage_of(
        self, stage: str, pages: Iterator[list[RowT]], put: Callable[[Sequence[RowT], SalvageReport], None]
    ) -> Iterator[Step]:
        """Read all pages of a stage; write those that are not in yet."""
        skipped = self._pages_done if stage == self._stage else 0 if _is_before(self._stage, stage) else None
        rows: list[RowT] = []
        number = count = 0
        for found in pages:
            number += 1
            if skipped is None or number <= skipped:
                yield Step.MORE
                continue
            rows += found
            count += sum(map(_size_of, found))
            if len(rows) >= BITE_ROWS_MAX or count >= BITE_BYTES_MAX:
                yield from self._write(stage, number, partial(put, rows), count)
                rows, count = [], 0
        if skipped is not None:
            yield from self._write(stage, number, partial(put, rows), count)

    def _write(
        self, stage: str, pages_done: int, put: Callable[[SalvageReport], None], count: int = 0
    ) -> Iterator[Step]:
        """One transaction; tried again as long as there is no room for it."""
        while not self._try_write(stage, pages_done, put, count):
            yield Step.BLOCKED
        yield Step.MORE

    def _try_write(self, stage: str, pages_done: int, put: Callable[[SalvageReport], None], count: int) -> bool:
        refusal = self._refusal(count) if count else None
        if refusal is not None:
            self.problem = str(refusal)
            return False
        connection, report = self._own_connection(), copy.deepcopy(self.report)
        try:
            connection.execute("BEGIN IMMEDIATE")
            put(report)
            SalvageWriter(connection, self.kept_as.name).note(stage, pages_done, report.to_json())
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self.problem = f"the new store does not take it now: {error}"
            return False
        self.report, self.problem = report, None
        return True

    def _put_events(self, writer: SalvageWriter, rows: Sequence[StoredRow], report: SalvageReport) -> None:
        kept, keys = [], []
        for row in rows:
            key = row.key_row or self._lost_key(writer, row)
            if key is not None:
                known = self._other_id(writer, key)
                if known not in (None, row.event.id):
                    report.superseded += 1
                    continue
                keys.append(key)
            kept.append(row)
        report.salvaged.update(writer.events(kept))
        report.keys += writer.keys(keys)

    def _other_id(self, writer: SalvageWriter, key: KeyRow) -> str | None:
        """What the new store has under a key that was not known to be in the old one when it was asked."""
        if not self.survey.has_damaged_keys or self.survey.may_have_key(key.key):
            return None
        return writer.id_under(key.key, self.ceilings[stream_of(key.sequence)])

    def _lost_key(self, writer: SalvageWriter, row: StoredRow) -> KeyRow | None:
        """The key of a sale from its content: of a row older than version 3, where keys were damaged."""
        if row.checksum is not None or row.event.stream != StreamNames.TRANSACTIONS or not self.survey.has_damaged_keys:
            return None
        try:
            event = self._sealer.unseal(row.sequence, row.event, writer.key_id(row), None)
            data = json.loads(event.payload)["data"]
            transaction = read_transaction({"transaction": data["transaction"]})
        except (StoreError, RequestError, ValueError, KeyError, TypeError):
            return None  # not one of our sales, or locked: its key cannot be told
        if self.survey.may_have_key(transaction.transaction_id):
            return None
        return KeyRow(transaction.transaction_id, transaction.digest(), row.event.id, row.sequence)

    def _own_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._new, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous = FULL")
        return self._connection


_STAGES: Final = ("commands", "prints", "events", "dead_letters", "keys", "done")


def _is_before(stage: str, other: str) -> bool:
    return _STAGES.index(stage) < _STAGES.index(other)


def _size_of(row: object) -> int:
    if isinstance(row, PrintRow):
        return 200 + len(row.content or b"")
    return len(row.event.payload) if isinstance(row, StoredRow) else 200


def _noting(pages: Iterator[list[StoredRow]], sequences: set[int]) -> Iterator[list[StoredRow]]:
    for rows in pages:
        sequences.update(row.sequence for row in rows)
        yield rows
