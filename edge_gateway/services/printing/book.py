"""The book of print jobs: every change of one is on disk first, then in memory, then told. Nobody else changes one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, rfc3339
from edge_gateway.contracts.errors import ErrorCode, RequestError, StorageFullError, StoreError, UnknownOutcomeError
from edge_gateway.contracts.print_jobs import ContentsKept, JobLostError, NewJob, PrintSpool, SpooledJob
from edge_gateway.contracts.printing import JobState
from edge_gateway.services.printing.job import NEXT_STATES, Job, error_json, job_of
from edge_gateway.services.printing.known import KnownJobs

UNKNOWN_MAX: Final = 500
"""Jobs that wait for a person: a shop that never looks at the paper. The oldest counts as settled then."""
KEEP_RETRY_S: Final = 5.0
"""Between two attempts at a disk that does not take what came of a job."""

log = structlog.get_logger(__name__)


class JobBook:
    """``on_change`` is told of every change of a job, ``on_waiting`` whose printer has something to do now."""

    def __init__(self, spool: PrintSpool, clock: Clock, contents_kept: Callable[[str], ContentsKept]) -> None:
        self.counters: Counter[str] = Counter()
        self.loaded = asyncio.Event()
        """Set once what was open at the start is known: before, nobody can say how a job stands."""
        self.load_error: StoreError | None = None
        self.on_change: Callable[[Job], None] = lambda job: None
        self.on_waiting: Callable[[str], None] = lambda printer: None
        self.known = KnownJobs()
        self._spool = spool
        self._clock = clock
        self._contents_kept = contents_kept

    async def load(self) -> None:
        """At the start: what was not begun will be printed, what was cut short is unknown. Raises StoreError."""
        for spooled in await self._spool.recover():
            job = self.known.put(job_of(spooled, self._begin_by_s(spooled)))
            if job.state is JobState.UNKNOWN and "ended_at" not in job.record:
                job.record["ended_at"] = rfc3339(self._clock.now())
                self.counters[JobState.UNKNOWN.value] += 1
                await self._keep(job, job.state, job.record, is_open=True)
                self._log(job)
            self.on_change(job)
        self.loaded.set()
        for printer in {job.printer for job in self.known.waiting()}:
            self.on_waiting(printer)

    async def find(self, device_id: str, job_id: str) -> Job | None:
        """By the printer that was asked. Raises StoreError."""
        if (known := self.known.find(device_id, job_id)) is not None:
            return known
        spooled = await self._spool.find(device_id, job_id)
        return self.known.find(device_id, job_id) or (None if spooled is None else self._take(spooled))

    async def newest(self, printer: str, limit: int, states: tuple[JobState, ...]) -> list[Job]:
        """As ``PrintSpool.newest``; how far a job is as it is known here."""
        found = await self._spool.newest(printer, limit, states)
        return [self.known.find(each.device_id, each.job_id) or job_of(each) for each in found]

    async def accept(self, new: NewJob, begin_by_s: float) -> Job:
        """On disk when it returns. Raises StoreError, nothing accepted."""
        spooled = await self._spool.accept(new)
        if spooled.state is not JobState.ACCEPTED:
            return self._take(spooled)
        job = self.known.put(job_of(spooled, begin_by_s))
        self.counters[JobState.ACCEPTED.value] += 1
        return job

    def accepted(self, job: Job) -> None:
        """Tell of it, and let its printer begin: its objection and what was rendered of it are with it now."""
        self.on_change(job)
        self.on_waiting(job.printer)

    async def content(self, job: Job) -> bytes:
        """Raises StoreError, ContentLostError."""
        return await self._spool.content(job.spooled)

    async def begin(self, job: Job, total_bytes: int) -> None:
        """From here on a crash makes it unknown. Raises RequestError, nothing begun; UnknownOutcomeError where the job
        is not on disk as it was left."""
        record = {**job.record, "begun_at": rfc3339(self._clock.now()), "total_bytes": total_bytes, "sent_bytes": 0}
        try:
            await self._spool.begin(job.spooled, record)
        except JobLostError as error:
            raise UnknownOutcomeError(str(error)) from error
        except StoreError as error:
            code = ErrorCode.STORAGE_FULL if isinstance(error, StorageFullError) else ErrorCode.INTERNAL
            raise RequestError(code, f"the gateway's store: {error}; nothing was printed") from error
        job.record = record
        self._turn(job, JobState.PRINTING)

    async def note_progress(self, job: Job) -> None:
        """So that what was sent is known after a crash, at least so far. It may fail: it is no promise."""
        try:
            await self._spool.write(
                job.spooled, state=JobState.PRINTING, record=job.record, is_open=True, printer=job.printer
            )
        except StoreError:
            self.counters["progress_not_kept"] += 1

    async def move(self, job: Job, printer: str) -> bool:
        """Let another printer print it: nothing of it was sent. False: it is at its end meanwhile, and stays there.
        Raises StoreError, nothing changed."""
        if job.is_ending or job.state is not JobState.ACCEPTED:
            return False
        await self._spool.write(job.spooled, state=job.state, record=job.record, is_open=True, printer=printer)
        if job.is_ending:
            return False
        former, job.printer = job.printer, printer
        job.waiting_for, job.waiting_reason, job.rendered = None, "", None
        self.counters["moved"] += 1
        self.on_change(job)
        self.on_waiting(former)
        self.on_waiting(printer)
        return True

    def wait_for(self, job: Job, code: ErrorCode | None, reason: str = "") -> None:
        """What a person has to mend before it goes on; None: nothing any more."""
        if (job.waiting_for, job.waiting_reason) != (code, reason):
            is_news = job.waiting_for is not code
            job.waiting_for, job.waiting_reason = code, reason
            if is_news:
                self.on_change(job)

    async def end(
        self,
        job: Job,
        state: JobState,
        *,
        error: RequestError | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Once for each job; returns when it is on disk.

        What is done is done: where the disk does not take the end of a job that was begun, or whose deadline is over,
        whoever waits for it is told all the same, and the disk is tried until it takes it. Any other job would be
        printed after a restart: it has not ended then, and StoreError is raised.
        """
        if job.is_ending or state not in NEXT_STATES.get(job.state, ()):
            return
        job.is_ending = True
        is_done = job.state is JobState.PRINTING or state in (JobState.EXPIRED, JobState.UNKNOWN)
        outcome: dict[str, Any] = {"result": result} if error is None else {"error": error_json(error)}
        record = {**job.record, **outcome, "ended_at": rfc3339(self._clock.now())}
        is_open = state is JobState.UNKNOWN
        failure = await self._keep(job, state, record, is_open=is_open)
        if failure is not None and not is_done:
            job.is_ending = False
            raise failure
        job.record, job.is_open, job.rendered = record, is_open, None
        job.waiting_for, job.waiting_reason = None, ""
        self._turn(job, state)
        self._log(job)
        while failure is not None:
            await self._clock.sleep(KEEP_RETRY_S)
            failure = await self._keep(job, state, job.record, is_open=job.is_open, is_first=False)
        await self._bound_unknown()

    async def settle(self, job: Job, how: Mapping[str, Any]) -> None:
        """A person has looked at the paper of an unknown job: it is not open any more. Raises StoreError."""
        record = {**job.record, "settled_by": dict(how)}
        await self._spool.write(job.spooled, state=job.state, record=record, is_open=False, printer=job.printer)
        job.record, job.is_open = record, False
        self.known.put(job)
        self.on_change(job)

    async def _keep(
        self, job: Job, state: JobState, record: Mapping[str, Any], *, is_open: bool, is_first: bool = True
    ) -> StoreError | None:
        """Why the disk did not take it."""
        try:
            await self._spool.write(
                job.spooled,
                state=state,
                record=record,
                is_open=is_open,
                printer=job.printer,
                contents_kept=self._contents_kept(job.printer),
            )
        except StoreError as error:
            is_lost = isinstance(error, JobLostError)
            if is_first or is_lost:
                self.counters["not_kept"] += 1
                log.error(log_events.PRINT_JOB_NOT_KEPT, job_id=job.job_id, printer=job.printer, reason=str(error))
            return None if is_lost else error  # lost: nothing is there any more that could be kept
        return None

    def _turn(self, job: Job, state: JobState) -> None:
        job.state = state
        self.counters[state.value] += 1
        if state.is_end:
            self.known.put(job)
            job.ended.set()
        self.on_change(job)

    async def _bound_unknown(self) -> None:
        """Where nobody ever looks, the oldest go."""
        unknown = self.known.unknown()
        for job in unknown[: max(0, len(unknown) - UNKNOWN_MAX)]:
            try:
                await self.settle(job, {"how": "too many", "at": rfc3339(self._clock.now())})
            except StoreError:
                return  # with the next one

    def _take(self, spooled: SpooledJob) -> Job:
        """As it is on disk. An open one that is not known here was salvaged while the gateway runs, and waits for a
        person; or it was accepted by a store that failed before it could say so, and waits for its printer."""
        job = self.known.put(job_of(spooled, self._begin_by_s(spooled)))
        if job.is_open:
            self.on_change(job)
        if job.state is JobState.ACCEPTED:
            self.on_waiting(job.printer)
        return job

    def _begin_by_s(self, spooled: SpooledJob) -> float:
        """A clock that was set back does not give a job more time than it had."""
        left_s = (spooled.deadline_at - self._clock.now()).total_seconds()
        allowed_s = float(spooled.record.get("deadline_s", left_s))
        return self._clock.monotonic() + max(0.0, min(left_s, allowed_s))

    def _log(self, job: Job) -> None:
        log.info(
            log_events.PRINT_JOB_ENDED,
            job_id=job.job_id,
            printer=job.printer,
            state=job.state.value,
            code=(job.record.get("error") or {}).get("code"),
            sent_bytes=job.record.get("sent_bytes", 0),
        )
