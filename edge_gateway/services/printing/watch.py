"""What a driver tells of the job that it prints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printing import Cancellation, JobState, PaperPolicy
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.job import Job

PROGRESS_INTERVAL_S: Final = 1.0
"""Between two notes of how far a job is: a receipt is out by then, so that only long ones write more than they must."""


class JobWatch:
    """Implements ``contracts.printing.PrintWatch`` for one attempt. ``objection``: why nothing may begin now."""

    def __init__(
        self, job: Job, total_bytes: int, book: JobBook, clock: Clock, objection: Callable[[], RequestError | None]
    ) -> None:
        self._job = job
        self._total_bytes = total_bytes
        self._book = book
        self._clock = clock
        self._objection = objection
        self._noted_s = clock.monotonic()
        self._noting: asyncio.Task[None] | None = None
        self.is_begun = False

    @property
    def paper_policy(self) -> PaperPolicy:
        return self._job.paper_policy

    @property
    def job_id(self) -> str | None:
        return self._job.job_id

    @property
    def cancelled(self) -> Cancellation:
        return self._job.cancelled

    async def begin(self) -> None:
        if self.is_begun:
            return
        if (objection := self._objection()) is not None:
            raise objection
        await self._book.begin(self._job, self._total_bytes)
        self.is_begun = True

    def progress(
        self,
        sent_bytes: int,
        confirmed_bytes: int = 0,
        waiting_for: ErrorCode | None = None,
        waiting_reason: str = "",
    ) -> None:
        record = self._job.record
        record["sent_bytes"], record["confirmed_bytes"] = sent_bytes, confirmed_bytes
        self._book.wait_for(self._job, waiting_for, waiting_reason)
        now_s = self._clock.monotonic()
        if now_s - self._noted_s < PROGRESS_INTERVAL_S or self._job.state is not JobState.PRINTING:
            return
        self._noted_s = now_s
        self._book.on_change(self._job)
        if self._noting is None or self._noting.done():
            self._noting = asyncio.get_running_loop().create_task(self._book.note_progress(self._job))

    async def finish(self) -> None:
        """No note may come after the end."""
        if self._noting is not None:
            await asyncio.wait({self._noting})
