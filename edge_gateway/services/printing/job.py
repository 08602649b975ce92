"""One print job in memory: where it stands, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge_gateway.contracts.clock import rfc3339
from edge_gateway.contracts.commands import Reply
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.print_jobs import SpooledJob
from edge_gateway.contracts.print_requests import PRIORITY_WORDS
from edge_gateway.contracts.printing import JobState, PaperPolicy, Rendered
from edge_gateway.contracts.states import ReplyStatus

NEXT_STATES: Final[Mapping[JobState, frozenset[JobState]]] = {
    JobState.ACCEPTED: frozenset(
        {JobState.PRINTING, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.UNKNOWN}
    ),
    JobState.PRINTING: frozenset({JobState.COMPLETED, JobState.FAILED, JobState.UNKNOWN, JobState.CANCELLED}),
}
"""``accepted`` to ``unknown``: only where the store was damaged meanwhile. The others are ends."""


@dataclass(eq=False, slots=True)
class Job:
    """``begin_by_s``: on the monotonic clock. ``objection``: why it must not begin now, by the
    claim it was asked under; None: it was accepted before the start of the gateway."""

    spooled: SpooledJob
    state: JobState
    printer: str
    is_open: bool
    record: dict[str, Any]
    begin_by_s: float
    objection: Callable[[], RequestError | None] | None = None
    waiting_for: ErrorCode | None = None
    waiting_reason: str = ""
    is_attempted: bool = False
    """Its printer's driver has it in hand: what ends it now is settled there."""
    is_ending: bool = False
    faults: int = 0
    """How often a driver failed over it before it was begun."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    rendered: tuple[Any, Mapping[str, Any], Rendered] | None = field(default=None, repr=False)
    """With the driver's settings and the content it was made of: a job that is printed at once is rendered once."""

    @property
    def key(self) -> tuple[str, str]:
        return self.spooled.device_id, self.spooled.job_id

    @property
    def job_id(self) -> str:
        return self.spooled.job_id

    @property
    def order(self) -> tuple[int, int]:
        """Smaller is printed earlier."""
        return -self.spooled.priority, self.spooled.position

    @property
    def paper_policy(self) -> PaperPolicy:
        return PaperPolicy(self.record.get("on_paper_end", PaperPolicy.CONTINUE))

    @property
    def copy_of(self) -> str | None:
        found: str | None = self.record.get("copy_of")
        return found

    def to_json(self) -> dict[str, Any]:
        """For replies, and as ``data`` of ``print_job_changed``."""
        error = self.record.get("error")
        return {
            "job_id": self.job_id,
            "device_id": self.spooled.device_id,
            "printer": self.printer,
            "state": self.state.value,
            "priority": PRIORITY_WORDS.get(self.spooled.priority, "normal"),
            "accepted_at": rfc3339(self.spooled.accepted_at),
            "deadline_at": rfc3339(self.spooled.deadline_at),
            "begun_at": self.record.get("begun_at"),
            "ended_at": self.record.get("ended_at"),
            "sent_bytes": self.record.get("sent_bytes", 0),
            "confirmed_bytes": self.record.get("confirmed_bytes", 0),
            "total_bytes": self.record.get("total_bytes"),
            "waiting_for": None if self.waiting_for is None else self.waiting_for.value,
            "waiting_reason": self.waiting_reason or None,
            "copy_of": self.copy_of,
            "is_waiting_for_person": self.state is JobState.UNKNOWN and self.is_open,
            "settled_by": self.record.get("settled_by"),
            "result": self.record.get("result"),
            "error": None if error is None else dict(error),
        }


def job_of(spooled: SpooledJob, begin_by_s: float = 0.0) -> Job:
    """As it lies on disk."""
    job = Job(spooled, spooled.state, spooled.printer, spooled.is_open, dict(spooled.record), begin_by_s)
    if job.state.is_end:
        job.ended.set()
    return job


def reply_of(request_id: str, job: Job) -> Reply:
    """The one answer to whoever asked for the job: how it stands, if that is not its end."""
    if job.state is JobState.COMPLETED:
        result = {**(job.record.get("result") or {}), "job_id": job.job_id, "printer": job.printer}
        return Reply(request_id, ReplyStatus.COMPLETED, result)
    if not job.state.is_end:
        return Reply(request_id, ReplyStatus.ACCEPTED, job.to_json())
    error = job.record.get("error") or {}
    status = ReplyStatus.UNKNOWN if job.state is JobState.UNKNOWN else ReplyStatus.FAILED
    code = ErrorCode(error.get("code", ErrorCode.UNKNOWN_OUTCOME))
    message = str(error.get("message", "what came of it is not known: look at the paper"))
    return Reply(request_id, status, None, code, message, bool(error.get("retryable")), {"job": job.to_json()})


def error_json(error: RequestError) -> dict[str, Any]:
    return {"code": error.code.value, "message": str(error), "retryable": error.is_retryable}
