"""How the jobs of one printer stand, for its state, the status and the metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.printing import JobState
from edge_gateway.services.printing.job import Job


@dataclass(frozen=True, slots=True)
class PrinterJobs:
    """``waiting``: accepted and not begun. ``unknown``: for a person to look at the paper."""

    waiting: int = 0
    waiting_bytes: int = 0
    printing: str | None = None
    waiting_for: ErrorCode | None = None
    unknown: int = 0

    def to_json(self) -> dict[str, Any]:
        """The key ``jobs`` of the printer's retained state."""
        return {
            "waiting": self.waiting,
            "printing": self.printing,
            "waiting_for": None if self.waiting_for is None else self.waiting_for.value,
            "unknown": self.unknown,
        }


def printer_jobs(jobs: Iterable[Job]) -> PrinterJobs:
    """Of the open jobs that are printed there."""
    waiting = waiting_bytes = unknown = 0
    printing: str | None = None
    waiting_for: ErrorCode | None = None
    for job in sorted(jobs, key=lambda job: job.order):
        if job.state is JobState.UNKNOWN:
            unknown += 1
            continue
        if job.state is JobState.PRINTING:
            printing, waiting_for = job.job_id, job.waiting_for
        else:
            waiting += 1
            waiting_bytes += job.spooled.content_bytes
            waiting_for = waiting_for or job.waiting_for
    return PrinterJobs(waiting, waiting_bytes, printing, waiting_for, unknown)
