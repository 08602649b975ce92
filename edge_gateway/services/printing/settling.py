"""What a person decides about a job: print it once more, as a copy, or leave it. Both go into the audit trail."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from edge_gateway.contracts.clock import Clock, rfc3339
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import ErrorCode, RequestError, StoreError
from edge_gateway.contracts.print_jobs import ContentLostError
from edge_gateway.contracts.print_requests import DismissParams, ReprintParams
from edge_gateway.contracts.printing import JobState
from edge_gateway.services.printing.acceptance import Acceptance, Wanted
from edge_gateway.services.printing.audit import PrintAudit
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.content import marked_as_copy
from edge_gateway.services.printing.job import Job
from edge_gateway.services.printing.params import read_params
from edge_gateway.services.printing.printer import SettingsOf


class Settling:
    """Raises RequestError and StoreError. Either may be asked again: a repeat does nothing more."""

    def __init__(
        self, book: JobBook, acceptance: Acceptance, settings_of: SettingsOf, audit: PrintAudit, clock: Clock
    ) -> None:
        self._book = book
        self._acceptance = acceptance
        self._settings_of = settings_of
        self._audit = audit
        self._clock = clock

    async def dismiss(self, request: Request) -> Job:
        """The job, not open any more."""
        wanted = read_params(DismissParams, request)
        job = await self._original(request.target, wanted.job_id)
        if job.state is not JobState.UNKNOWN:
            words = f"job {job.job_id!r} is {job.state.value}: only one that is unknown is dismissed"
            raise RequestError(ErrorCode.INVALID_REQUEST, words)
        if job.is_open:
            await self._book.settle(job, self._how("dismiss", wanted.operator))
            self._audit.dismissed(job, request, wanted)
        return job

    async def reprint(
        self,
        request: Request,
        refusal: RequestError | None,
        objection: Callable[[], RequestError | None],
        expires_in_s: float | None,
    ) -> tuple[Job, bool]:
        """The new job, and whether it is answered at its end."""
        wanted = read_params(ReprintParams, request)
        is_answered_at_end = wanted.answer == "completed"
        known = await self._book.find(request.target, request.id)
        if known is not None:
            if known.copy_of != wanted.job_id:
                raise RequestError(ErrorCode.CONFLICT, f"job id {request.id} was used with other content")
            return known, is_answered_at_end
        if refusal is not None:
            raise refusal
        original = await self._original(request.target, wanted.job_id)
        if not original.state.is_end:
            words = f"job {original.job_id!r} is {original.state.value}: a copy is printed of one that has ended"
            raise RequestError(ErrorCode.INVALID_REQUEST, words)
        try:
            content = json.loads(await self._book.content(original))
        except ContentLostError as error:
            raise RequestError(ErrorCode.NOT_FOUND, f"{error}; no copy can be printed") from error
        copy = await self._acceptance.accept(
            Wanted(
                device_id=request.target,
                job_id=request.id,
                content=marked_as_copy(content, self._settings_of(request.target).copy_mark),
                priority=wanted.priority,
                is_answered_at_end=is_answered_at_end,
                deadline_s=wanted.deadline_s,
                expires_in_s=expires_in_s,
                on_paper_end=original.paper_policy,
                objection=objection,
                copy_of=wanted.job_id,
            )
        )
        self._audit.reprinted(original, copy, request, wanted)
        if original.state is JobState.UNKNOWN and original.is_open:
            # A disk that takes the copy and not this: the copy comes, and the original waits to be dismissed.
            with suppress(StoreError):
                await self._book.settle(original, {**self._how("reprint", wanted.operator), "job_id": copy.job_id})
        return copy, is_answered_at_end

    async def _original(self, device_id: str, job_id: str) -> Job:
        job = await self._book.find(device_id, job_id)
        if job is None:
            raise RequestError(ErrorCode.NOT_FOUND, f"{device_id} has no print job {job_id!r}, or none any more")
        return job

    def _how(self, what: str, operator: str | None) -> dict[str, Any]:
        return {"how": what, "operator": operator, "at": rfc3339(self._clock.now())}
