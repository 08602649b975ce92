"""Content to bytes, in a thread: a large document must not hold up the event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, stack_of
from edge_gateway.contracts.printing import Rendered
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.content import Prepare
from edge_gateway.services.printing.job import Job
from edge_gateway.services.printing.printer import Printer

RENDERS_AT_ONCE: Final = 2
"""Pictures take a processor for a while; the small boxes have two or four."""
REMEMBERED_BYTES_MAX: Final = 65_536
"""Of what was rendered at acceptance and kept for the printing: any receipt of text. Larger is rendered again, and kept
for one job of each printer: the one that is attempted."""

log = structlog.get_logger(__name__)


class Rendering:
    """Pure work, done again whenever it is needed: when a job is accepted, and when it is first attempted."""

    def __init__(self, book: JobBook, prepare: Prepare) -> None:
        self._book = book
        self._prepare = prepare
        self._turns = asyncio.Semaphore(RENDERS_AT_ONCE)
        self._attempted: dict[str, Job] = {}
        """By printer."""

    async def render(self, printer: Printer, content: Mapping[str, Any]) -> tuple[Mapping[str, Any], Rendered]:
        """With what a driver takes of the content. Raises RequestError; DeviceError(INTERNAL) for a fault of the
        driver."""

        def work() -> tuple[Mapping[str, Any], Rendered]:
            prepared = self._prepare(printer.device_class, content)
            return prepared, printer.render(prepared)

        async with self._turns:
            try:
                return await asyncio.to_thread(work)
            except RequestError:
                raise
            except Exception as error:
                log.error(log_events.RENDERING_FAILED, device=printer.device_id, stack=stack_of(error))
                words = f"{printer.device_id}: a fault in its driver: it cannot render this; the log has the details"
                raise DeviceError(ErrorCode.INTERNAL, words, is_retryable=False) from error

    def remember(self, job: Job, settings: Any, content: Mapping[str, Any], rendered: Rendered) -> None:
        """For a printing that follows soon, if it is small."""
        job.rendered = (settings, content, rendered) if len(rendered.data) <= REMEMBERED_BYTES_MAX else None

    async def of_job(self, printer: Printer, job: Job) -> tuple[Mapping[str, Any], Rendered]:
        """Content and bytes, for an attempt. Raises RequestError, StoreError, ContentLostError."""
        former, self._attempted[printer.device_id] = self._attempted.get(printer.device_id), job
        if former is not None and former is not job and former.rendered is not None:
            self.remember(former, *former.rendered)
        if job.rendered is not None:
            settings, content, rendered = job.rendered
            if settings is printer.driver_settings:
                return content, rendered
        settings = printer.driver_settings
        content = await self._content(job)
        content, rendered = await self.render(printer, content)
        job.rendered = (settings, content, rendered)
        return content, rendered

    async def for_other(self, printer: Printer, job: Job) -> None:
        """Whether another printer could print it. Raises as ``of_job``."""
        await self.render(printer, await self._content(job))

    async def _content(self, job: Job) -> Mapping[str, Any]:
        content: Mapping[str, Any] = json.loads(await self._book.content(job))
        return content
