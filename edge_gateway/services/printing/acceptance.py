"""Accepts jobs: rendered, so that a bad one is refused; within the printer's quota; on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import (
    ConflictError,
    ErrorCode,
    RequestError,
    StorageFullError,
    StoreError,
)
from edge_gateway.contracts.print_jobs import NewJob
from edge_gateway.contracts.print_requests import PRIORITIES, Priority, content_digest, content_json
from edge_gateway.contracts.printing import PaperPolicy, refuse_unprintable
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.job import Job
from edge_gateway.services.printing.printer import FindPrinter, SettingsOf
from edge_gateway.services.printing.rendering import Rendering


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that is asked for. ``expires_in_s``: of the request; ``digest``: given where it is not of the content."""

    device_id: str
    job_id: str
    content: Mapping[str, Any]
    priority: Priority
    is_answered_at_end: bool
    deadline_s: float | None
    expires_in_s: float | None
    on_paper_end: PaperPolicy | None
    objection: Callable[[], RequestError | None]
    copy_of: str | None = None

    def digest(self) -> str:
        return content_digest({"copy_of": self.copy_of} if self.copy_of is not None else self.content)


class Acceptance:
    """``accept`` of one job id at a time."""

    def __init__(
        self, find: FindPrinter, settings_of: SettingsOf, book: JobBook, rendering: Rendering, clock: Clock
    ) -> None:
        self._find = find
        self._settings_of = settings_of
        self._book = book
        self._rendering = rendering
        self._clock = clock

    async def accept(self, wanted: Wanted) -> Job:
        """Raises RequestError, nothing accepted: as ``PrinterDriver.render``, BUSY, STORAGE_FULL, INTERNAL."""
        printer = self._find(wanted.device_id)
        if printer is None:
            raise refuse_unprintable(wanted.device_id)
        self._require_room(wanted.device_id, 0)
        settings = printer.driver_settings
        prepared, rendered = await self._rendering.render(printer, wanted.content)
        content = content_json(prepared)  # a template that changes meanwhile changes no job, and no copy of it
        self._require_room(wanted.device_id, len(content))
        deadline_s, record = self._deadline_s(wanted), self._record(wanted)
        new = NewJob(
            device_id=wanted.device_id,
            job_id=wanted.job_id,
            digest=wanted.digest(),
            priority=PRIORITIES[wanted.priority],
            deadline_at=self._clock.now() + timedelta(seconds=deadline_s),
            record={**record, "deadline_s": deadline_s, "total_bytes": len(rendered.data)},
            content=content,
        )
        try:
            job = await self._book.accept(new, self._clock.monotonic() + deadline_s)
        except ConflictError as error:
            raise RequestError(ErrorCode.CONFLICT, str(error)) from error
        except StorageFullError as error:
            raise RequestError(
                ErrorCode.STORAGE_FULL, f"the gateway's disk is full, the job was not accepted: {error}"
            ) from error
        except StoreError as error:
            raise RequestError(
                ErrorCode.INTERNAL, f"the gateway's store failed, the job was not accepted: {error}"
            ) from error
        job.objection = wanted.objection
        self._rendering.remember(job, settings, prepared, rendered)
        self._book.accepted(job)
        return job

    def _require_room(self, device_id: str, new_bytes: int) -> None:
        settings = self._settings_of(device_id)
        waiting = self._book.known.waiting(device_id)
        count, size = len(waiting), sum(job.spooled.content_bytes for job in waiting)
        if count >= settings.waiting_jobs_max or size + new_bytes > settings.waiting_bytes_max:
            self._book.counters["refused:quota"] += 1
            obstacle = next((job.waiting_reason for job in waiting if job.waiting_reason), "")
            why = f"; {obstacle}" if obstacle else ""
            raise RequestError(
                ErrorCode.BUSY,
                f"{device_id}: {count} jobs of {size} bytes wait for it (at most {settings.waiting_jobs_max} of "
                f"{settings.waiting_bytes_max}); not accepted, send it again later{why}",
            )

    def _deadline_s(self, wanted: Wanted) -> float:
        settings = self._settings_of(wanted.device_id)
        usual_s = settings.reply_deadline_s if wanted.is_answered_at_end else settings.deadline_s
        found_s = usual_s if wanted.deadline_s is None else wanted.deadline_s
        return found_s if wanted.expires_in_s is None else min(found_s, wanted.expires_in_s)

    def _record(self, wanted: Wanted) -> dict[str, Any]:
        policy = wanted.on_paper_end or self._settings_of(wanted.device_id).on_paper_end
        record: dict[str, Any] = {"on_paper_end": policy.value}
        return record if wanted.copy_of is None else {**record, "copy_of": wanted.copy_of}
