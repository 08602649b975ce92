"""The print service: jobs from their acceptance to their end, whatever happens to the gateway in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.claims import ClaimView
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import RequestError, StoreError, UnknownOutcomeError
from edge_gateway.contracts.print_jobs import PrintSpool
from edge_gateway.contracts.printing import JOB_EVENT, JobState
from edge_gateway.contracts.store import CommandLog
from edge_gateway.contracts.waiting import within
from edge_gateway.services.printing.acceptance import Acceptance
from edge_gateway.services.printing.audit import PrintAudit
from edge_gateway.services.printing.backup import Backup
from edge_gateway.services.printing.book import JobBook
from edge_gateway.services.printing.content import Prepare
from edge_gateway.services.printing.desk import PrintDesk
from edge_gateway.services.printing.job import Job
from edge_gateway.services.printing.overview import PrinterJobs, printer_jobs
from edge_gateway.services.printing.printer import Printer, SettingsOf, is_usable
from edge_gateway.services.printing.rendering import Rendering
from edge_gateway.services.printing.runner import PrinterRunner
from edge_gateway.services.printing.settling import Settling

LOAD_RETRY_S: Final = 1.0
"""Between two looks for the jobs of before, while the store is not open or is being salvaged."""
IN_HAND_S: Final = 1.0
"""Until the next look at a job whose time is over while its printer's driver has it in hand: it begins it or not."""
STOP_S: Final = 1.0
"""At a stop, a job that was begun gets this long to end; then it is unknown."""

log = structlog.get_logger(__name__)


class PrintService:
    """``run`` until cancelled; ``finish`` before that."""

    def __init__(
        self,
        find_device: Callable[[str], Printer | None],
        settings_of: SettingsOf,
        spool: PrintSpool,
        command_log: CommandLog,
        audit: PrintAudit,
        refusal_of: Callable[[str], RequestError | None],
        prepare: Prepare,
        clock: Clock,
    ) -> None:
        """``refusal_of``: why a device is not for everybody now: somebody holds it."""
        self._find_device = find_device
        self._clock = clock
        self._refusal_of = refusal_of
        self._book = JobBook(spool, clock, lambda printer: settings_of(printer).contents_kept)
        self._book.on_change = self._changed
        self._book.on_waiting = self._wake
        self._rendering = Rendering(self._book, prepare)
        self._backup = Backup(self._find, settings_of, self._book, self._rendering, clock)
        self._acceptance = Acceptance(self._find, settings_of, self._book, self._rendering, clock)
        settling = Settling(self._book, self._acceptance, settings_of, audit, clock)
        self._desk = PrintDesk(self._book, self._acceptance, settling, command_log, refusal_of, clock)
        self._runners: dict[str, PrinterRunner] = {}
        self._group: asyncio.TaskGroup | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False
        self._deadlines_changed = asyncio.Event()
        self._seen: dict[str, tuple[Any, ...]] = {}

    @property
    def counters(self) -> Counter[str]:
        return self._book.counters

    async def answer(
        self,
        request: Request,
        *,
        refusal: RequestError | None,
        objection: Callable[[], RequestError | None],
        expires_in_s: float | None,
    ) -> Reply:
        """As ``PrintDesk.answer``."""
        return await self._desk.answer(request, refusal=refusal, objection=objection, expires_in_s=expires_in_s)

    def is_printer(self, device_id: str) -> bool:
        return self._find(device_id) is not None

    def jobs_of(self, printer: str) -> PrinterJobs:
        """How its jobs stand."""
        return printer_jobs(self._book.known.of_printer(printer))

    def unknown(self) -> list[Job]:
        """Jobs that wait for a person. Nobody can be asked about those of a printer that is not configured any more:
        they wait until it is again."""
        return [job for job in self._book.known.unknown() if self._find(job.spooled.device_id) is not None]

    def device_changed(self, device: Printer, claim: ClaimView | None) -> None:
        """Its state is told: perhaps it can print now."""
        if not device.is_printer:
            return
        state = device.state
        seen = (state.power, state.flags, None if claim is None else claim.owner)
        if self._seen.get(device.device_id) != seen:
            self._seen[device.device_id] = seen
            if is_usable(device):
                self._backup.works(device.device_id)
            for runner in self._runners.values():  # those whose back-up it is as well
                runner.wake()

    async def run(self) -> None:
        """Load the jobs of before; then print, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await self._load()
                await self._expire(group)
            finally:
                self._group = None

    async def finish(self) -> None:
        """Before a stop: begin nothing more, let what was begun end if it does so soon, else it is unknown; and whoever
        waits for a job is told how it stands."""
        self._is_stopping = True
        for runner in self._runners.values():
            runner.is_stopping = True
        await _within(STOP_S, *(job.ended.wait() for job in self._book.known.printing()))
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        error = UnknownOutcomeError("the gateway was stopped while this was being printed: look at the paper")
        printing = self._book.known.printing()
        await _within(STOP_S, *(self._book.end(job, JobState.UNKNOWN, error=error) for job in printing))
        self._desk.stopping.set()

    def _find(self, device_id: str) -> Printer | None:
        device = self._find_device(device_id)
        return device if device is not None and device.is_printer else None

    async def _load(self) -> None:
        is_told = False
        while True:
            try:
                await self._book.load()
            except StoreError as error:
                self._book.load_error = error
                if not is_told:
                    log.warning(log_events.PRINT_JOBS_NOT_LOADED, reason=str(error))
                is_told = True
                await self._clock.sleep(LOAD_RETRY_S)
            else:
                return

    async def _expire(self, group: asyncio.TaskGroup) -> None:
        """End what was not begun in time, whatever its printer is busy with."""
        while True:
            self._deadlines_changed.clear()
            now_s = self._clock.monotonic()
            waiting = self._book.known.waiting()
            left = [job.begin_by_s - now_s for job in waiting if job.begin_by_s > now_s]
            for job in waiting:
                if job.begin_by_s <= now_s and job.is_attempted:
                    left.append(IN_HAND_S)
                elif job.begin_by_s <= now_s:
                    # By itself: a disk that does not take the end of one keeps no other waiting.
                    group.create_task(self._runner(job.printer).expire(job))
            if left:
                await within(self._clock, min(left), self._deadlines_changed.wait())
            else:
                await self._deadlines_changed.wait()

    def _wake(self, printer: str) -> None:
        self._deadlines_changed.set()
        self._runner(printer).wake()

    def _runner(self, printer: str) -> PrinterRunner:
        runner = self._runners.get(printer)
        if runner is None:
            parts = (self._find, self._book, self._rendering, self._backup, self._refusal_of, self._clock)
            runner = self._runners[printer] = PrinterRunner(printer, *parts)
            runner.is_stopping = self._is_stopping
            if self._group is not None and not self._is_stopping:
                self._tasks.append(self._group.create_task(runner.run(), name=f"printer {printer}"))
        return runner

    def _changed(self, job: Job) -> None:
        """Tell of a job: to the printer that was asked, and to the one that prints it."""
        asked = self._find(job.spooled.device_id)
        if asked is not None:
            asked.emit(JOB_EVENT, job.to_json())
        for device_id in {job.spooled.device_id, job.printer}:
            if (printer := self._find(device_id)) is not None:
                printer.set_jobs(self.jobs_of(device_id).to_json())


async def _within(seconds: float, *work: Coroutine[Any, Any, object]) -> None:
    """Give up what takes longer."""
    tasks = [asyncio.ensure_future(each) for each in work]
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
