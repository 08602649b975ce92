"""The print spool on SQLite: a job is accepted when it is on disk, and begun only once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConflictError, EdgeGatewayError
from edge_gateway.contracts.print_jobs import ContentLostError, ContentsKept, JobLostError, NewJob, SpooledJob
from edge_gateway.contracts.printing import JobState
from edge_gateway.store.database import Database
from edge_gateway.store.print_rows import (
    CLOSED_MARK,
    COLUMNS,
    as_event,
    cut_short,
    job_key,
    job_of,
    record_json,
    record_with_error,
)
from edge_gateway.store.sealing import DamagedError, Sealer
from edge_gateway.store.transactor import Operation, Rank

JOB_BYTES: Final = 8_192
"""Reckoned room for a job beside its content: at worst its row and its keys open new pages."""

_FIND: Final = f"SELECT {COLUMNS} FROM print_job WHERE job_key = ?"
_OPEN: Final = f"SELECT {COLUMNS} FROM print_job INDEXED BY print_job_open WHERE is_open = 1 ORDER BY position"
_INSERT: Final = (
    "INSERT INTO print_job (position, job_key, digest, printer, state, priority, accepted_at_ms, deadline_at_ms,"
    " is_open, record, content, key_id, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)"
)
# `printing` too: who begins is the only one who does, and where it did not learn that the first time was written, it
# has sent nothing. What a crash left `printing` was made unknown at the start.
_BEGIN: Final = """
    UPDATE print_job SET state = 'printing', record = ?
    WHERE position = ? AND job_key = ? AND state IN ('accepted', 'printing')
"""
_WRITE: Final = """
    UPDATE print_job SET state = ?, record = ?, is_open = 1, printer = ? WHERE position = ? AND job_key = ?
"""
# When it was closed, in days of running: for as long as any other a job is known that was settled after weeks.
_CLOSE: Final = f"""
    UPDATE print_job SET is_open = 0, state = ?, printer = ?,
        record = json_set(?, '$.{CLOSED_MARK}', (SELECT coalesce(max(position), 0) FROM command_watermark))
    WHERE position = ? AND job_key = ?
"""
_DROP_CONTENTS: Final = """
    UPDATE print_job SET content = NULL, key_id = 0, checksum = NULL WHERE position IN (
        SELECT position FROM (
            SELECT position, row_number() OVER newest AS jobs, sum(length(content)) OVER newest AS bytes
            FROM print_job INDEXED BY print_job_content
            WHERE content IS NOT NULL AND printer = ? AND is_open = 0
            WINDOW newest AS (ORDER BY position DESC)
        ) WHERE jobs > ? OR bytes > ?
    )
"""


@dataclass(frozen=True, slots=True)
class _Change:
    job: SpooledJob
    record: str
    state: JobState = JobState.PRINTING
    is_open: bool = True
    printer: str = ""
    contents_kept: ContentsKept | None = None


class _Accept(Operation[NewJob, SpooledJob]):
    name = "accept print job"

    def __init__(self, clock: Clock, sealer: Sealer) -> None:
        self._clock = clock
        self._sealer = sealer

    def rank_of(self, item: NewJob) -> Rank:
        return Rank.SALES

    def new_bytes(self, item: NewJob) -> int:
        return JOB_BYTES + len(item.content)

    def recall(self, connection: sqlite3.Connection, item: NewJob) -> SpooledJob | EdgeGatewayError | None:
        row = connection.execute(_FIND, (job_key(item.device_id, item.job_id),)).fetchone()
        if row is None:
            return None
        known = job_of(row)
        if known.digest != item.digest:
            return ConflictError(f"job {item.job_id!r} of {item.device_id} was accepted before with other content")
        return known

    def apply(self, connection: sqlite3.Connection, items: Sequence[NewJob]) -> list[SpooledJob | EdgeGatewayError]:
        self._sealer.begin(connection)
        return [self.recall(connection, item) or self._insert(connection, item) for item in items]

    def _insert(self, connection: sqlite3.Connection, item: NewJob) -> SpooledJob:
        key = job_key(item.device_id, item.job_id)
        position: int = connection.execute("SELECT coalesce(max(position), 0) + 1 FROM print_job").fetchone()[0]
        key_id, stored, checksum = self._sealer.seal(position, as_event(key, item.digest, item.content))
        times = (int(self._clock.now().timestamp() * 1000), int(item.deadline_at.timestamp() * 1000))
        head = (position, key, item.digest, item.device_id, JobState.ACCEPTED.value, item.priority, *times)
        connection.execute(_INSERT, (*head, record_json(item.record), stored, key_id, checksum))
        return job_of(connection.execute(_FIND, (key,)).fetchone())


class _Begin(Operation[_Change, None]):
    name = "begin print job"

    # Its rank is DRAIN: a word in a row. A disk that is full all the same refuses it, and nothing is sent.

    def apply(self, connection: sqlite3.Connection, items: Sequence[_Change]) -> list[EdgeGatewayError | None]:
        return [_begin(connection, item) for item in items]


class _Write(Operation[_Change, None]):
    name = "write print job"

    # Its rank is DRAIN: what came of a job must be kept however full the disk is.

    def apply(self, connection: sqlite3.Connection, items: Sequence[_Change]) -> list[EdgeGatewayError | None]:
        return [_write(connection, item) for item in items]


class _Recover(Operation[None, Sequence[SpooledJob]]):
    name = "recover print jobs"

    def apply(
        self, connection: sqlite3.Connection, items: Sequence[None]
    ) -> list[Sequence[SpooledJob] | EdgeGatewayError]:
        for job in map(job_of, connection.execute(_OPEN).fetchall()):
            if job.state is JobState.PRINTING:
                record = record_json(record_with_error(job.record, cut_short(job.record)))
                change = _Change(job, record, JobState.UNKNOWN, printer=job.printer)
                _write(connection, change)
        found = [job_of(row) for row in connection.execute(_OPEN).fetchall()]
        return [found] * len(items)


class SqlitePrintSpool:
    """Implements ``contracts.print_jobs.PrintSpool``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._accept = _Accept(clock, database.sealer)
        self._begin = _Begin()
        self._write = _Write()
        self._recover = _Recover()

    async def accept(self, job: NewJob) -> SpooledJob:
        self._database.salvaging.check_claims()
        return await self._database.submit(self._accept, job)

    async def find(self, device_id: str, job_id: str) -> SpooledJob | None:
        self._database.salvaging.check_claims()
        key = job_key(device_id, job_id)
        row = await self._database.read(lambda connection: connection.execute(_FIND, (key,)).fetchone())
        return None if row is None else job_of(row)

    async def newest(self, printer: str, limit: int, states: Sequence[JobState] = ()) -> Sequence[SpooledJob]:
        self._database.salvaging.check_claims()
        wanted = [state.value for state in states or JobState]
        marks = ", ".join("?" * len(wanted))
        statement = (
            f"SELECT {COLUMNS} FROM print_job WHERE (printer = ? OR (job_key >= ? AND job_key < ?))"
            f" AND state IN ({marks}) ORDER BY position DESC LIMIT ?"
        )
        # '0' is the character after '/': all keys of the printer, and no others.
        values = (printer, f"{printer}/", f"{printer}0", *wanted, limit)
        rows = await self._database.read(lambda connection: connection.execute(statement, values).fetchall())
        return [job_of(row) for row in rows]

    async def content(self, job: SpooledJob) -> bytes:
        return await self._database.read(lambda connection: self._content(connection, job))

    async def begin(self, job: SpooledJob, record: Mapping[str, Any]) -> None:
        await self._database.submit(self._begin, _Change(job, record_json(record)))

    async def write(
        self,
        job: SpooledJob,
        *,
        state: JobState,
        record: Mapping[str, Any],
        is_open: bool,
        printer: str | None = None,
        contents_kept: ContentsKept | None = None,
    ) -> None:
        self._database.salvaging.check_claims()
        change = _Change(job, record_json(record), state, is_open, printer or job.printer, contents_kept)
        await self._database.submit(self._write, change)

    async def recover(self) -> Sequence[SpooledJob]:
        self._database.salvaging.check_claims()
        return await self._database.submit(self._recover, None)

    def _content(self, connection: sqlite3.Connection, job: SpooledJob) -> bytes:
        self._database.sealer.look(connection)
        key = job_key(job.device_id, job.job_id)
        row = connection.execute(
            "SELECT content, key_id, checksum FROM print_job WHERE position = ? AND job_key = ?", (job.position, key)
        ).fetchone()
        if row is None or row[0] is None:
            raise ContentLostError(f"job {job.job_id!r} of {job.device_id}: what it prints is not kept any more")
        event = as_event(key, job.digest, bytes(row[0]))
        try:
            return self._database.sealer.unseal(job.position, event, row[1], row[2]).payload
        except DamagedError as error:
            words = f"job {job.job_id!r} of {job.device_id}: what it prints is damaged on disk"
            raise ContentLostError(words) from error


def _begin(connection: sqlite3.Connection, item: _Change) -> EdgeGatewayError | None:
    job = item.job
    place = (job.position, job_key(job.device_id, job.job_id))
    return _lost(job) if connection.execute(_BEGIN, (item.record, *place)).rowcount != 1 else None


def _write(connection: sqlite3.Connection, item: _Change) -> EdgeGatewayError | None:
    job = item.job
    place = (job.position, job_key(job.device_id, job.job_id))
    if item.is_open:
        cursor = connection.execute(_WRITE, (item.state.value, item.record, item.printer, *place))
    else:
        cursor = connection.execute(_CLOSE, (item.state.value, item.printer, item.record, *place))
    if cursor.rowcount != 1:
        return _lost(job)
    if (kept := item.contents_kept) is not None:
        connection.execute(_DROP_CONTENTS, (item.printer, kept.jobs_max, kept.bytes_max))
    return None


def _lost(job: SpooledJob) -> EdgeGatewayError:
    words = f"job {job.job_id!r} of {job.device_id} is not in the store as it was left: the store was damaged"
    return JobLostError(f"{words}; look at the paper")
