"""The book of print jobs: every change of one is on disk first, then in memory, then told. Nobody else changes one."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock, rfc3339
from edge_gateway.contracts.errors import ErrorCode, RequestError, StorageFullError, StoreError, UnknownOutcomeError
from edge_gateway.contracts.print_jobs import JobLostError, NewJob, PrintSpool, SpooledJob
from edge_gateway.contracts.printing import JobState
from edge_gateway.services.printing.job import NEXT_STATES, Job, error_json, job_of

ENDED_KEPT: Final = 1_000
"""Jobs in memory that ended: the repeats of a busy hour are answered without the disk."""
UNKNOWN_MAX: Final = 500
"""Jobs that wait for a person: a shop that never looks at the paper. The oldest counts as settled then."""
KEEP_RETRY_S: Final = 5.0
"""Between two attempts at a disk that does not take what came of a job."""

log = structlog.get_logger(__name__)


class JobBook:
    """``on_change`` is told of every change of a job, ``on_waiting`` whose printer has something to do now."""

    def __init__(self, spool: PrintSpool, clock: Clock, contents_kept: Callable[[str], int]) -> None:
        self.counters: Counter[str] = Counter()
        self.loaded = asyncio.Event()
        """Set once what was open at the start is known: before, nobody can say how a job stands."""
        self.load_error: StoreError | None = None
        self.on_change: Callable[[Job], None] = lambda job: None
        self.on_waiting: Callable[[str], None] = lambda printer: None
        self._spool = spool
        self._clock = clock
        self._contents_kept = contents_kept
        self._open: dict[tuple[str, str], Job] = {}
        self._ended: OrderedDict[tuple[str, str], Job] = OrderedDict()

    async def load(self) -> None:
        """At the start: what was not begun will be printed, what was cut short is unknown. Raises StoreError."""
        now, now_s = self._clock.now(), self._clock.monotonic()
        for spooled in await self._spool.recover():
            # A clock that was set back does not give a job more time than it had.
            left_s = (spooled.deadline_at - now).total_seconds()
            allowed_s = float(spooled.record.get("deadline_s", left_s))
            job = job_of(spooled, now_s + max(0.0, min(left_s, allowed_s)))
            self._open[job.key] = job
            if job.state is JobState.UNKNOWN and "ended_at" not in job.record:
                job.record["ended_at"] = rfc3339(now)
                self.counters[JobState.UNKNOWN.value] += 1
                await self._keep(job, job.state)
                self._log(job)
            self.on_change(job)
        self.loaded.set()
        for printer in {job.printer for job in self.waiting()}:
            self.on_waiting(printer)

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
        return (job for job in self._open.values() if job.printer == printer)

    async def find(self, device_id: str, job_id: str) -> Job | None:
        """By the printer that was asked. Raises StoreError."""
        key = (device_id, job_id)
        known = self._open.get(key) or self._ended.get(key)
        if known is not None:
            return known
        spooled = await self._spool.find(device_id, job_id)
        return self._open.get(key) or (None if spooled is None else self._take(spooled))

    async def newest(self, printer: str, limit: int, states: tuple[JobState, ...]) -> list[Job]:
        """As ``PrintSpool.newest``; how far a job is as it is known here."""
        found = await self._spool.newest(printer, limit, states)
        keys = [(each.device_id, each.job_id) for each in found]
        known = [self._open.get(key) or self._ended.get(key) for key in keys]
        return [job or job_of(each) for job, each in zip(known, found, strict=True)]

    async def accept(self, new: NewJob, begin_by_s: float) -> Job:
        """On disk when it returns. Raises StoreError, nothing accepted."""
        spooled = await self._spool.accept(new)
        if spooled.state is not JobState.ACCEPTED:
            return self._take(spooled)
        job = self._open[new.device_id, new.job_id] = job_of(spooled, begin_by_s)
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

    async def move(self, job: Job, printer: str) -> None:
        """Let another printer print it: nothing of it was sent. Raises StoreError, nothing changed."""
        await self._spool.write(job.spooled, state=job.state, record=job.record, is_open=True, printer=printer)
        former, job.printer = job.printer, printer
        job.waiting_for, job.waiting_reason, job.rendered = None, "", None
        self.counters["moved"] += 1
        self.on_change(job)
        self.on_waiting(former)
        self.on_waiting(printer)

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
        """Once for each job; returns when it is on disk. A disk that does not take it is tried until it does: whoever
        waits for the job is told at the first attempt, since what is done is done."""
        if job.is_ending or state not in NEXT_STATES.get(job.state, ()):
            return
        job.is_ending = True
        job.record["ended_at"] = rfc3339(self._clock.now())
        job.record |= {"result": result} if error is None else {"error": error_json(error)}
        job.waiting_for, job.waiting_reason = None, ""
        job.rendered = None
        job.is_open = state is JobState.UNKNOWN
        is_kept = await self._keep(job, state)
        self._turn(job, state)
        self._log(job)
        while not is_kept:
            await self._clock.sleep(KEEP_RETRY_S)
            is_kept = await self._keep(job, state, is_first=False)
        await self._bound_unknown()

    async def settle(self, job: Job, how: Mapping[str, Any]) -> None:
        """A person has looked at the paper of an unknown job: it is not open any more. Raises StoreError."""
        record = {**job.record, "settled_by": dict(how)}
        await self._spool.write(job.spooled, state=job.state, record=record, is_open=False, printer=job.printer)
        job.record, job.is_open = record, False
        self._open.pop(job.key, None)
        self._remember(job)
        self.on_change(job)

    async def _keep(self, job: Job, state: JobState, *, is_first: bool = True) -> bool:
        try:
            await self._spool.write(
                job.spooled,
                state=state,
                record=job.record,
                is_open=job.is_open,
                printer=job.printer,
                contents_kept=self._contents_kept(job.printer),
            )
        except StoreError as error:
            is_lost = isinstance(error, JobLostError)
            if is_first or is_lost:
                self.counters["not_kept"] += 1
                log.error(log_events.PRINT_JOB_NOT_KEPT, job_id=job.job_id, printer=job.printer, reason=str(error))
            return is_lost  # nothing is there any more that could be kept
        return True

    def _turn(self, job: Job, state: JobState) -> None:
        job.state = state
        self.counters[state.value] += 1
        if state.is_end:
            if not job.is_open:
                self._open.pop(job.key, None)
                self._remember(job)
            job.ended.set()
        self.on_change(job)

    async def _bound_unknown(self) -> None:
        """Where nobody ever looks, the oldest go."""
        unknown = self.unknown()
        for job in unknown[: max(0, len(unknown) - UNKNOWN_MAX)]:
            try:
                await self.settle(job, {"how": "too many", "at": rfc3339(self._clock.now())})
            except StoreError:
                return  # with the next one

    def _take(self, spooled: SpooledJob) -> Job:
        """As it is on disk; one that was salvaged while the gateway runs waits for a person."""
        job = job_of(spooled)
        if job.state is JobState.UNKNOWN and job.is_open:
            self._open[job.key] = job
            self.on_change(job)
            return job
        return self._remember(job)

    def _remember(self, job: Job) -> Job:
        self._ended[job.key] = job
        self._ended.move_to_end(job.key)
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)
        return job

    def _log(self, job: Job) -> None:
        log.info(
            log_events.PRINT_JOB_ENDED,
            job_id=job.job_id,
            printer=job.printer,
            state=job.state.value,
            code=(job.record.get("error") or {}).get("code"),
            sent_bytes=job.record.get("sent_bytes", 0),
        )
