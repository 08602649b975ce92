"""One printer's jobs: in order, one at a time, each begun when the printer can print, and none begun twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import (
    DeviceError,
    ErrorCode,
    RequestError,
    StoreError,
    UnknownOutcomeError,
    stack_of,
)
from edge_gateway.contracts.print_jobs import ContentLostError
from edge_gateway.contracts.printing import CANNOT_PRINT_NOW, JobState, PrintFailedError
from edge_gateway.contracts.waiting import within
from edge_gateway.services.printing.backup import Backup
from edge_gateway.services.printing.behind import Behind
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.job import Job
from edge_gateway.services.printing.printer import FindPrinter, Printer
from edge_gateway.services.printing.rendering import Rendering
from edge_gateway.services.printing.watch import JobWatch

RETRY_S: Final = 2.0
"""Between two attempts at a printer that cannot print: a new state of it, or a new job, comes earlier."""
PAUSE_S: Final = 0.2
"""At least between two attempts, whatever comes."""
FAULTS_MAX: Final = 3
"""A job over which a driver fails so often, before a byte of it is sent, is given up: others wait behind it."""
NOTHING_PRINTED: Final = "; nothing was printed"
"""How drivers end the words of what is in the way; of a job that expires it is said once."""

log = structlog.get_logger(__name__)

_WAITS = CANNOT_PRINT_NOW | {ErrorCode.CLAIMED, ErrorCode.STORAGE_FULL, ErrorCode.INTERNAL}


class PrinterRunner:
    """``run`` until cancelled. ``wake``: something may be different now."""

    def __init__(
        self,
        printer: str,
        find: FindPrinter,
        book: JobBook,
        rendering: Rendering,
        backup: Backup,
        refusal_of: Callable[[str], RequestError | None],
        clock: Clock,
    ) -> None:
        self._printer = printer
        self._find = find
        self._book = book
        self._rendering = rendering
        self._backup = backup
        self._refusal_of = refusal_of
        self._clock = clock
        self._behind = Behind(printer, book, backup, self._objection, clock)
        self._wake = asyncio.Event()
        self.is_stopping = False

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        while True:
            self._wake.clear()
            job = self._next()
            if job is None:
                await self._wake.wait()
            elif await self._behind.relieved(job, self._attempt(job)):
                if job.state is JobState.COMPLETED:
                    self._backup.works(self._printer)
            elif not await self._backup.take_over(self._printer, job):
                await self._clock.sleep(PAUSE_S)
                await within(self._clock, RETRY_S - PAUSE_S, self._wake.wait())

    def _next(self) -> Job | None:
        """The first in order. Those that a claim of somebody else holds up hold up nobody."""
        if self.is_stopping:
            return None
        for job in self._book.known.waiting(self._printer):
            objection = self._objection(job)
            if objection is None or objection.code is not ErrorCode.CLAIMED:
                return job
            self._book.wait_for(job, objection.code, str(objection))
        return None

    async def _attempt(self, job: Job) -> bool:
        """False: it waits on. True: it is at its end, or was begun and ended."""
        job.is_attempted = True
        try:
            if (objection := self._objection(job)) is not None:
                return await self._settle(job, objection)
            return await self._try(job)
        except StoreError as error:  # read or written: it is not begun, and not at its end
            self._book.wait_for(job, ErrorCode.INTERNAL, str(error))
            return False
        except Exception as error:  # noqa: BLE001 - the boundary of a printer: a fault over one job must not end the gateway
            log.error(log_events.PRINTING_FAILED, printer=self._printer, job_id=job.job_id, stack=stack_of(error))
            return await self._end_at_fault(job)
        finally:
            job.is_attempted = False

    async def _try(self, job: Job) -> bool:
        """Raises StoreError where it was not begun."""
        printer = self._find(self._printer)
        if printer is None:
            gone = RequestError(ErrorCode.OFFLINE, f"{self._printer}: no such printer is configured any more")
            return await self._settle(job, gone)
        try:
            return await self._print(job, printer)
        except ContentLostError as error:
            lost = RequestError(ErrorCode.INTERNAL, f"{error}; nothing was printed", is_retryable=True)
            await self._book.end(job, JobState.FAILED, error=lost)
            return True
        except RequestError as error:
            return await self._settle(job, error)

    async def _print(self, job: Job, printer: Printer) -> bool:
        """Raises RequestError or StoreError where it was not begun."""
        content, rendered = await self._rendering.of_job(printer, job)
        watch = JobWatch(job, len(rendered.data), self._book, self._clock, lambda: self._objection(job))
        try:
            try:
                result = await printer.print_job(content, rendered, watch)
            finally:
                await watch.finish()
        except RequestError as error:
            if not watch.is_begun:
                raise
            await self._book.end(job, _state_after(error, job), error=_outcome_of(error))
            return True
        if not watch.is_begun:
            # A driver that forgot to begin: what it says it printed was not on disk as begun.
            unsure = UnknownOutcomeError(f"{self._printer}: its driver printed without beginning; look at the paper")
            await self._book.end(job, JobState.UNKNOWN, error=unsure)
            return True
        await self._book.end(job, JobState.COMPLETED, result={**rendered.details, **result})
        return True

    async def _settle(self, job: Job, error: RequestError) -> bool:
        """Of a job that was not begun. True: that is its end. Raises StoreError: it has not ended."""
        if isinstance(error, UnknownOutcomeError):
            await self._book.end(job, JobState.UNKNOWN, error=error)
            return True
        if error.code is ErrorCode.CANCELLED:
            await self._book.end(job, JobState.CANCELLED, error=error)
            return True
        if error.code is ErrorCode.EXPIRED:
            await self.expire(job)
            return True
        job.faults += error.code is ErrorCode.INTERNAL and isinstance(error, DeviceError)  # not of the store
        if error.code not in _WAITS or job.faults >= FAULTS_MAX:
            await self._book.end(job, JobState.FAILED, error=error)
            return True
        self._book.wait_for(job, error.code, str(error))
        return False

    async def _end_at_fault(self, job: Job) -> bool:
        """Whatever it was in the middle of. Where the disk does not take that either, the next attempt ends it."""
        job.is_ending = False
        words = f"{self._printer}: a fault of the gateway over this job; the log has the details"
        with suppress(StoreError):
            if job.state is JobState.PRINTING:
                unsure = UnknownOutcomeError(f"{words}; it may be on paper: look at the printer")
                await self._book.end(job, JobState.UNKNOWN, error=unsure)
                return True
            return await self._settle(job, DeviceError(ErrorCode.INTERNAL, f"{words}{NOTHING_PRINTED}"))
        return False

    async def expire(self, job: Job) -> None:
        """Its time is over. The error says what it waited for."""
        code = job.waiting_for or ErrorCode.EXPIRED
        why = job.waiting_reason.removesuffix(NOTHING_PRINTED)
        words = f"job {job.job_id!r} was not begun before its deadline{f': {why}' if why else ''}{NOTHING_PRINTED}"
        if self._printer not in why:
            words = f"{self._printer}: {words}"
        # Another job, under a new id, may be printed: this one never will.
        await self._book.end(job, JobState.EXPIRED, error=RequestError(code, words, is_retryable=True))

    def _objection(self, job: Job) -> RequestError | None:
        """Why it must not begin now."""
        if job.cancelled.is_set():
            return RequestError(ErrorCode.CANCELLED, f"job {job.job_id!r} was cancelled; nothing was printed")
        if self._clock.monotonic() >= job.begin_by_s:
            return RequestError(ErrorCode.EXPIRED, f"job {job.job_id!r}: its deadline is over")
        if self.is_stopping:
            return RequestError(ErrorCode.OFFLINE, "the gateway stops; it will be printed after its start")
        if job.objection is not None and self._printer == job.spooled.device_id:
            return job.objection()
        return self._refusal_of(self._printer)  # at another printer, and after a restart, it is like everybody's


def _state_after(error: RequestError, job: Job) -> JobState:
    """Of a job that was begun: what does not say for certain that it failed leaves it unknown."""
    if not isinstance(error, PrintFailedError):
        return JobState.UNKNOWN
    is_cancelled = error.code is ErrorCode.CANCELLED and job.cancelled.is_set()
    return JobState.CANCELLED if is_cancelled else JobState.FAILED


def _outcome_of(error: RequestError) -> RequestError:
    if isinstance(error, PrintFailedError | UnknownOutcomeError):
        return error
    return UnknownOutcomeError(f"{error}; it may be on paper: look at the printer")
