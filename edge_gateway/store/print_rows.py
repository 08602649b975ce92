"""Rows of the print spool: their columns, what they mean, and what is salvaged of them from a damaged store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from edge_gateway.contracts.errors import RequestError, UnknownOutcomeError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.print_jobs import SpooledJob
from edge_gateway.contracts.printing import JobState
from edge_gateway.store.page_records import Cell, Value
from edge_gateway.store.sealing import IN_CLEAR, row_checksum

COLUMNS: Final = (
    "position, job_key, digest, printer, state, priority, accepted_at_ms, deadline_at_ms, is_open,"
    " content IS NOT NULL, coalesce(length(content), 0), record"
)
"""What ``job_of`` takes."""

SALVAGED: Final = UnknownOutcomeError(
    "the gateway's store was damaged, and how far this was is not known: look at the paper; then reprint or dismiss it"
)
LOST: Final = UnknownOutcomeError(
    "the gateway's store was damaged, and this was lost with it: look at the paper; what was to be printed is gone"
)

CLOSED_MARK: Final = "closed_mark"
"""In the record of a job that is not open any more: the newest ``command_watermark`` then."""

_SEALED_AS: Final = "print_job"


class PrintRow(NamedTuple):
    """A salvaged job. ``content`` None: it ended long ago, or cannot be read any more."""

    position: int
    key: str
    digest: str
    printer: str
    state: JobState
    priority: int
    accepted_at_ms: int
    deadline_at_ms: int
    is_open: bool
    record: Mapping[str, Any]
    content: bytes | None = None
    key_id: int = IN_CLEAR


class PrintKey(NamedTuple):
    """An entry of the index ``print_job_key``."""

    key: str
    digest: str
    position: int


def cut_short(record: Mapping[str, Any]) -> UnknownOutcomeError:
    """The error of a job that a start finds begun: how far it was is as old as the last note of it."""
    sent, total = record.get("sent_bytes", 0), record.get("total_bytes")
    noted = f"{sent} of its {total} bytes were" if sent else "nothing of it was"
    return UnknownOutcomeError(
        f"the gateway was stopped or lost power while this was being printed; {noted} seen to be sent, which is "
        "noted once a second: look at the paper; then reprint or dismiss it"
    )


def job_key(device_id: str, job_id: str) -> str:
    return f"{device_id}/{job_id}"


def job_of(row: tuple[Any, ...]) -> SpooledJob:
    """From ``COLUMNS``."""
    position, key, digest, printer, state, priority, accepted, deadline, is_open, has_content, size, record = row
    device_id, _, job_id = key.partition("/")
    return SpooledJob(
        position=position,
        device_id=device_id,
        job_id=job_id,
        digest=digest,
        printer=printer,
        state=JobState(state),
        priority=priority,
        accepted_at=datetime.fromtimestamp(accepted / 1000, UTC),
        deadline_at=datetime.fromtimestamp(deadline / 1000, UTC),
        is_open=bool(is_open),
        has_content=bool(has_content),
        content_bytes=size,
        record=json.loads(record),
    )


def as_event(key: str, digest: str, content: bytes) -> OutboxEvent:
    """What the sealer seals: key and digest belong to the content, so that it cannot come out under another job."""
    return OutboxEvent(key, _SEALED_AS, digest, _SEALED_AS, content)


def record_json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def record_with_error(record: Mapping[str, Any], error: RequestError) -> dict[str, Any]:
    """What came of the job."""
    found = {"code": error.code.value, "message": str(error), "retryable": error.is_retryable}
    return {**record, "error": found}


def print_row(cell: Cell) -> PrintRow | None:
    """A row of ``print_job`` as it may go on: whatever was not at its end is unknown, since the newest of it may have
    been on a page that is lost. None for a row of any other table."""
    match cell.values:
        case (
            None,
            str(key),
            str(digest),
            str(printer),
            str(state),
            int(priority),
            int(accepted),
            int(deadline),
            int(is_open),
            str(record),
            None | bytes() as content,
            int(key_id),
            None | int() as checksum,
        ) if cell.rowid > 0 and "/" in key:
            known, is_whole = _state(state), _is_whole(cell.rowid, key, digest, content, key_id, checksum)
            row = PrintRow(
                cell.rowid,
                key,
                digest,
                printer,
                known,
                priority,
                accepted,
                deadline,
                bool(is_open),
                _record(record),
                content if is_whole else None,
                key_id if is_whole else IN_CLEAR,
            )
            return row if known.is_end else as_unknown(row)
    return None


def print_key(values: tuple[Value, ...]) -> PrintKey | None:
    """An entry of ``print_job_key``."""
    match values:
        case (str(key), str(digest), int(position)) if position > 0 and "/" in key:
            return PrintKey(key, digest, position)
    return None


def as_unknown(row: PrintRow) -> PrintRow:
    record = record_with_error({**row.record, "result": None}, SALVAGED)
    return row._replace(state=JobState.UNKNOWN, is_open=True, record=record)


def lost_row(entry: PrintKey) -> PrintRow:
    """Of a job of which only its key is left: it is never printed again by itself."""
    printer = entry.key.partition("/")[0]
    record = record_with_error({}, LOST)
    return PrintRow(entry.position, entry.key, entry.digest, printer, JobState.UNKNOWN, 0, 0, 0, True, record)


def checksum_of(row: PrintRow, key_id: int) -> int | None:
    """As the sealer reckons it."""
    if row.content is None:
        return None
    return row_checksum(row.position, as_event(row.key, row.digest, row.content), key_id, row.content)


def print_problems(connection: sqlite3.Connection) -> list[str]:
    """Jobs whose content is not what was written."""
    rows = connection.execute(
        "SELECT position, job_key, digest, content, key_id, checksum FROM print_job WHERE content IS NOT NULL"
    )
    return [f"print job {row[1]}: damaged on disk, its checksum does not agree" for row in rows if not _is_whole(*row)]


def _state(word: str) -> JobState:
    try:
        return JobState(word)
    except ValueError:
        return JobState.ACCEPTED  # damaged: as one that was not at its end


def _record(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_whole(position: int, key: str, digest: str, content: bytes | None, key_id: int, checksum: int | None) -> bool:
    return content is not None and checksum == row_checksum(position, as_event(key, digest, content), key_id, content)
