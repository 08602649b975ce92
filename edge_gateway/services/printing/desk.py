"""Requests about print jobs, each with its one reply."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakValueDictionary

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import (
    ConflictError,
    ErrorCode,
    RequestError,
    StorageFullError,
    StoreError,
    UnknownOutcomeError,
)
from edge_gateway.contracts.print_requests import (
    CONTENT_KEYS,
    JobOptions,
    JobParams,
    ReadJobsParams,
    content_digest,
    content_of,
)
from edge_gateway.contracts.printing import JobState
from edge_gateway.contracts.states import ReplyStatus
from edge_gateway.contracts.store import CommandLog
from edge_gateway.contracts.waiting import within
from edge_gateway.services.printing.acceptance import Acceptance, Wanted
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.early_cancels import EARLY_CANCEL_S, EarlyCancels
from edge_gateway.services.printing.job import Job, reply_of
from edge_gateway.services.printing.params import read_params
from edge_gateway.services.printing.settling import Settling
from edge_gateway.services.replies import reply_from

LOAD_S_MAX: Final = 5.0
"""For the jobs of before to be loaded at a start; a store that is salvaged or full takes longer."""
CANCEL_S_MAX: Final = 20.0
"""A cancelled job is at its end within this: its driver clears the printer, or is stopped."""

Objection = Callable[[], RequestError | None]


class PrintDesk:
    """``answer`` raises RequestError for what is refused. ``stopping``: no end is waited for any more."""

    def __init__(
        self,
        book: JobBook,
        acceptance: Acceptance,
        settling: Settling,
        command_log: CommandLog,
        refusal_of: Callable[[str], RequestError | None],
        clock: Clock,
    ) -> None:
        self.stopping = asyncio.Event()
        self._book = book
        self._acceptance = acceptance
        self._settling = settling
        self._command_log = command_log
        self._refusal_of = refusal_of
        self._clock = clock
        self._early_cancels = EarlyCancels(clock)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer(
        self, request: Request, *, refusal: RequestError | None, objection: Objection, expires_in_s: float | None
    ) -> Reply:
        """``refusal``: why nothing new is begun (what was done is answered all the same); ``objection``: the same,
        asked when the job's turn comes."""
        if not self._book.loaded.is_set():
            await self._until_loaded()
        try:
            match request.name:
                case "print":
                    return await self._print(request, refusal, objection, expires_in_s)
                case "reprint":
                    return await self._reprint(request, refusal, objection, expires_in_s)
                case "read_job":
                    job = await self._job(request.target, read_params(JobParams, request).job_id)
                    return _told(request, job)
                case "read_jobs":
                    wanted = read_params(ReadJobsParams, request)
                    jobs = await self._book.newest(request.target, wanted.limit, wanted.states)
                    return Reply(request.id, ReplyStatus.COMPLETED, {"jobs": [job.to_json() for job in jobs]})
            if refusal is not None:
                raise refusal
            if request.name == "cancel_job":
                return await self._cancel(request)
            return _told(request, await self._settling.dismiss(request))
        except StorageFullError as error:
            raise RequestError(
                ErrorCode.STORAGE_FULL, f"the gateway's disk is full, nothing was done: {error}"
            ) from error
        except StoreError as error:
            raise RequestError(ErrorCode.INTERNAL, f"the gateway's store failed, nothing was done: {error}") from error

    async def _until_loaded(self) -> None:
        """At the start, and where the store cannot be opened."""
        if not await within(self._clock, LOAD_S_MAX, self._book.loaded.wait()):
            code = ErrorCode.STORAGE_FULL if isinstance(self._book.load_error, StorageFullError) else ErrorCode.INTERNAL
            why = f": {self._book.load_error}" if self._book.load_error is not None else ""
            raise RequestError(code, f"the gateway's store is not open, nothing was done; send it again{why}")

    async def _print(
        self, request: Request, refusal: RequestError | None, objection: Objection, expires_in_s: float | None
    ) -> Reply:
        content = content_of(request.params)
        options = read_params(JobOptions, request, without=CONTENT_KEYS)
        _require_one_content(content)
        job_id = options.job_id or request.id
        async with self._lock(request.target, job_id):
            job = await self._book.find(request.target, job_id)
            if job is None and (former := await self._formerly(request)) is not None:
                return former
            if job is None and refusal is not None:
                raise refusal
            if job is None:
                wanted = Wanted(
                    device_id=request.target,
                    job_id=job_id,
                    content=content,
                    priority=options.priority,
                    is_answered_at_end=options.answer == "completed",
                    deadline_s=options.deadline_s,
                    expires_in_s=expires_in_s,
                    on_paper_end=options.on_paper_end,
                    objection=self._lasting(request, objection, options),
                )
                job = await self._acceptance.accept(wanted)
                await self._cancel_early(job)
            elif job.spooled.digest != content_digest(content):
                raise RequestError(ErrorCode.CONFLICT, f"job id {job_id} was used with other content")
        return await self._reply(request, job, is_answered_at_end=options.answer == "completed")

    async def _reprint(
        self, request: Request, refusal: RequestError | None, objection: Objection, expires_in_s: float | None
    ) -> Reply:
        async with self._lock(request.target, request.id):
            job, is_answered_at_end = await self._settling.reprint(request, refusal, objection, expires_in_s)
            await self._cancel_early(job)
        return await self._reply(request, job, is_answered_at_end=is_answered_at_end)

    async def _reply(self, request: Request, job: Job, *, is_answered_at_end: bool) -> Reply:
        """At the end, or as it stands. A gateway that stops says how it stands: it is printed after the start."""
        if is_answered_at_end and not job.ended.is_set():
            waits = [asyncio.ensure_future(event.wait()) for event in (job.ended, self.stopping)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()
        return reply_of(request.id, job)

    async def _cancel(self, request: Request) -> Reply:
        """How it stands after that: what has ended stays as it ended."""
        job_id = read_params(JobParams, request).job_id
        async with self._lock(request.target, job_id):  # behind a print of it that is just being accepted
            job = await self._book.find(request.target, job_id)
            if job is None:
                self._early_cancels.remember(request.target, job_id)
                words = (
                    f"{request.target} has no print job {job_id!r}, or none any more; one that comes under this id "
                    f"within {EARLY_CANCEL_S:g} s is cancelled"
                )
                raise RequestError(ErrorCode.NOT_FOUND, words)
        await self._cancel_job(job)
        return _told(request, job)

    async def _cancel_early(self, job: Job) -> None:
        """Accepted just now, and perhaps cancelled before it came: it is not begun, whatever the disk says to that."""
        if self._early_cancels.take(*job.key):
            job.cancelled.set()
            await self._cancel_job(job)

    async def _cancel_job(self, job: Job) -> None:
        """At its end on return, or nearly so."""
        if job.state is JobState.ACCEPTED and not job.is_attempted:
            words = f"job {job.job_id!r} was cancelled; nothing was printed"
            await self._book.end(job, JobState.CANCELLED, error=RequestError(ErrorCode.CANCELLED, words))
        elif not job.state.is_end:
            job.cancelled.set()
            self._book.on_waiting(job.printer)
        await within(self._clock, CANCEL_S_MAX, job.ended.wait())

    def _lasting(self, request: Request, objection: Objection, options: JobOptions) -> Objection:
        """Whoever waits for the end learns that the claim was lost. A job that was left here for good outlives the
        claim it was made under: it waits while somebody else holds the printer."""
        if options.answer == "completed":
            return objection

        def lasting() -> RequestError | None:
            found = objection()
            is_over = found is not None and found.code is ErrorCode.NOT_CLAIMED
            return self._refusal_of(request.target) if is_over else found

        return lasting

    async def _job(self, device_id: str, job_id: str) -> Job:
        job = await self._book.find(device_id, job_id)
        if job is None:
            raise RequestError(ErrorCode.NOT_FOUND, f"{device_id} has no print job {job_id!r}, or none any more")
        return job

    async def _formerly(self, request: Request) -> Reply | None:
        """The reply to what an older version of the gateway printed under this request id."""
        try:
            stored = await self._command_log.reply(f"{request.target}/{request.id}", request.digest())
        except ConflictError as error:
            raise RequestError(ErrorCode.CONFLICT, f"request id {request.id} was used with other content") from error
        except UnknownOutcomeError as error:
            return Reply.failed(request.id, error)
        return None if stored is None else reply_from(request.id, json.loads(stored))

    def _lock(self, device_id: str, job_id: str) -> asyncio.Lock:
        return self._locks.setdefault(f"{device_id}/{job_id}", asyncio.Lock())


def _require_one_content(content: Mapping[str, Any]) -> None:
    kinds = [key for key in content if key != "data"]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        raise RequestError(ErrorCode.INVALID_REQUEST, f"print: expected one of document, template, label; got {found}")
    if "data" in content and kinds == ["document"]:
        raise RequestError(ErrorCode.INVALID_REQUEST, "print: data is for a template or a label, not for a document")


def _told(request: Request, job: Job) -> Reply:
    return Reply(request.id, ReplyStatus.COMPLETED, {"job": job.to_json()})
