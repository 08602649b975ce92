"""Print jobs on disk, and the promise of the spool that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.printing import JobState


class JobLostError(StoreError):
    """The row of the job is not there, or not as it was left: the store was damaged meanwhile. It is not begun."""


class ContentLostError(StoreError):
    """What was to be printed is not there any more, or damaged on disk."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to accept. ``digest``: of what is to be printed; ``content``: that, as JSON; ``record``: all else."""

    device_id: str
    job_id: str
    digest: str
    priority: int
    deadline_at: datetime
    record: Mapping[str, Any]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ContentsKept:
    """Of the newest jobs of a printer that ended: how many, and how many bytes as stored, for copies of them."""

    jobs_max: int
    bytes_max: int


@dataclass(frozen=True, slots=True)
class SpooledJob:
    """A job as it lies on disk. ``device_id``: the printer that was asked; ``printer``: where it is printed.

    ``is_open``: it waits for the printer or, where it is unknown, for a person.
    """

    position: int
    device_id: str
    job_id: str
    digest: str
    printer: str
    state: JobState
    priority: int
    accepted_at: datetime
    deadline_at: datetime
    is_open: bool
    has_content: bool
    content_bytes: int
    record: Mapping[str, Any]


class PrintSpool(Protocol):
    """What is done is on disk when a method returns. All raise StoreError (StorageFullError: nothing was written)."""

    async def accept(self, job: NewJob) -> SpooledJob:
        """The job; one that was accepted before under this id is given back as it is.

        Raises ConflictError: another content was accepted under this id.
        """
        ...

    async def find(self, device_id: str, job_id: str) -> SpooledJob | None:
        """By the printer that was asked."""
        ...

    async def newest(self, printer: str, limit: int, states: Sequence[JobState] = ()) -> Sequence[SpooledJob]:
        """Jobs that were asked of the printer, or are printed by it; newest first. No states: all."""
        ...

    async def content(self, job: SpooledJob) -> bytes:
        """What is to be printed. Raises ContentLostError."""
        ...

    async def begin(self, job: SpooledJob, record: Mapping[str, Any]) -> None:
        """``accepted`` becomes ``printing``: from here on a crash makes it ``unknown``. Raises JobLostError."""
        ...

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
        """The job's new state, or another ``printer`` for it; the contents of older jobs go. Raises JobLostError."""
        ...

    async def recover(self) -> Sequence[SpooledJob]:
        """All open jobs, in order. Those that a crash cut short (``printing``) are ``unknown`` now: call it once,
        before anything is begun."""
        ...
