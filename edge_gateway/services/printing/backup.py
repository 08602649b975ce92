"""Lets a printer's back-up take its jobs over while it cannot print. Only jobs of which no byte was sent ever move."""

from __future__ import annotations

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ErrorCode, RequestError, StoreError
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.job import Job
from edge_gateway.services.printing.printer import FindPrinter, SettingsOf, is_usable
from edge_gateway.services.printing.rendering import Rendering


class Backup:
    """``works`` and ``take_over`` are told and asked by the runners."""

    def __init__(
        self, find: FindPrinter, settings_of: SettingsOf, book: JobBook, rendering: Rendering, clock: Clock
    ) -> None:
        self._find = find
        self._settings_of = settings_of
        self._book = book
        self._rendering = rendering
        self._clock = clock
        self._out_since_s: dict[str, float] = {}

    def works(self, printer: str) -> None:
        self._out_since_s.pop(printer, None)

    async def take_over(self, printer: str, job: Job) -> bool:
        """Whether the job, which its printer cannot print now, was moved."""
        now_s = self._clock.monotonic()
        out_since_s = self._out_since_s.setdefault(printer, now_s)
        asked = self._settings_of(job.spooled.device_id)
        target = asked.backup if printer == job.spooled.device_id else job.spooled.device_id
        is_claim = job.waiting_for in (None, ErrorCode.CLAIMED, ErrorCode.STORAGE_FULL, ErrorCode.INTERNAL)
        if target is None or job.cancelled.is_set() or is_claim or now_s - out_since_s < asked.backup_after_s:
            return False
        other = self._find(target)
        if other is None or not is_usable(other):
            return False
        try:
            # What one printer can print another may not.
            await self._rendering.for_other(other, job)
            return await self._book.move(job, target)
        except (RequestError, StoreError):
            return False
