"""Jobs behind one that was begun and stands in the middle: they say what for, and a back-up takes them over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printing import CANNOT_PRINT_NOW, JobState
from edge_gateway.contracts.waiting import within
from edge_gateway.services.printing.backup import Backup
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.job import Job

LOOK_S: Final = 2.0
"""Between two looks at a job that is being printed; most have ended by then."""


class Behind:
    """Of one printer. ``objection``: why a job must not begin now."""

    def __init__(
        self,
        printer: str,
        book: JobBook,
        backup: Backup,
        objection: Callable[[Job], RequestError | None],
        clock: Clock,
    ) -> None:
        self._printer = printer
        self._book = book
        self._backup = backup
        self._objection = objection
        self._clock = clock

    async def relieved(self, job: Job, attempt: Coroutine[Any, Any, bool]) -> bool:
        """The outcome of an attempt at the job, those behind it being looked after meanwhile."""
        attempting = asyncio.ensure_future(attempt)
        held_up: set[Job] = set()
        try:
            while not await within(self._clock, LOOK_S, asyncio.wait({attempting})):
                await self._look(job, held_up)
        finally:
            self._let_go(held_up)
            if not attempting.done():
                attempting.cancel()
                await asyncio.wait({attempting})
        return attempting.result()

    async def _look(self, job: Job, held_up: set[Job]) -> None:
        if not _stands(job):
            if held_up:
                self._backup.works(self._printer)
            self._let_go(held_up)
            return
        for other in self._book.known.waiting(self._printer):
            # Moving one takes a while: the job may go on meanwhile, and those behind it may end.
            if not _stands(job) or job.waiting_for is None:
                return
            if not self._waits(other):
                continue
            objection = self._objection(other)
            if objection is None or objection.code is not ErrorCode.CLAIMED:
                held_up.add(other)
                reason = f"behind job {job.job_id!r}, which waits for {job.waiting_for.value}"
                self._book.wait_for(other, job.waiting_for, reason)
                await self._backup.take_over(self._printer, other)

    def _let_go(self, held_up: set[Job]) -> None:
        """They wait for their turn alone."""
        for other in held_up:
            if self._waits(other):
                self._book.wait_for(other, None)
        held_up.clear()

    def _waits(self, other: Job) -> bool:
        return other.state is JobState.ACCEPTED and not other.is_ending and other.printer == self._printer


def _stands(job: Job) -> bool:
    """It was begun, and its printer cannot go on."""
    return job.state is JobState.PRINTING and job.waiting_for in CANNOT_PRINT_NOW
