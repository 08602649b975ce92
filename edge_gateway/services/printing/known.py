"""Jobs in memory: all that are open, and the last that ended."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from edge_gateway.contracts.printing import JobState
from edge_gateway.services.printing.job import Job

ENDED_KEPT: Final = 1_000
"""Jobs in memory that ended: the repeats of a busy hour are answered without the disk."""


class KnownJobs:
    """Open: it waits, is printed, or waits for a person. By the printer that was asked, and the job's id."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Job] = {}
        self._ended: OrderedDict[tuple[str, str], Job] = OrderedDict()

    def find(self, device_id: str, job_id: str) -> Job | None:
        key = (device_id, job_id)
        return self._open.get(key) or self._ended.get(key)

    def put(self, job: Job) -> Job:
        """Where it belongs as it stands now."""
        if not job.state.is_end or job.is_open:
            self._open[job.key] = job
            return job
        self._open.pop(job.key, None)
        self._ended[job.key] = job
        self._ended.move_to_end(job.key)
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)
        return job

    def waiting(self, printer: str | None = None) -> list[Job]:
        """Accepted and not begun, of one printer or of all; in the order in which they will be printed."""
        found = [job for job in self._open.values() if job.state is JobState.ACCEPTED and not job.is_ending]
        return sorted((job for job in found if printer in (None, job.printer)), key=lambda job: job.order)

    def unknown(self) -> list[Job]:
        """Those that wait for a person, oldest first."""
        return [job for job in self._open.values() if job.state is JobState.UNKNOWN]

    def printing(self) -> list[Job]:
        return [job for job in self._open.values() if job.state is JobState.PRINTING]

    def of_printer(self, printer: str) -> Iterator[Job]:
        """The open ones that are printed there."""
        return (job for job in self._open.values() if job.printer == printer)
