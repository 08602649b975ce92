"""The print service over a real store and printers of paper: a driver's promise without a wire, on a clock by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError
from edge_gateway.contracts.events import DeviceState
from edge_gateway.contracts.print_jobs import NewJob, SpooledJob
from edge_gateway.contracts.printing import PrintWatch, Rendered
from edge_gateway.services.printing.audit import PrintAudit
from edge_gateway.services.printing.content import prepare
from edge_gateway.services.printing.service import PrintService
from edge_gateway.settings import OutboxSettings
from edge_gateway.settings_printing import PrintingSettings
from edge_gateway.store.command_log import SqliteCommandLog
from edge_gateway.store.database import Database
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.store.print_spool import SqlitePrintSpool
from tests.support.clock import FakeClock
from tests.support.stores import ONE_UPLINK, InlineSqlite

Step = Callable[[], object]


@dataclass
class PaperPrinter:
    """Prints on ``paper``, a text for each job; as a driver would it asks, begins, sends in pieces, confirms.

    ``obstacle``: why it cannot print now. ``before``, ``within``, ``after``: called before it begins, after the first
    half was sent, and after all was confirmed; they may raise what a driver raises, or wait.
    """

    device_id: str
    lane: str = "lane-1"
    device_class: str = "pos_printer"
    is_printer: bool = True
    power: str = "online"
    flags: tuple[str, ...] = ()
    driver_settings: Any = None
    obstacle: ErrorCode | None = None
    paper: list[str] = field(default_factory=list)
    halves: list[str] = field(default_factory=list)
    """What was begun to be printed."""
    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    jobs: Mapping[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    """More of what it says of a print."""
    attempts: int = 0
    rendered: int = 0
    before: Callable[[], Any] | None = None
    within: Callable[[PrintWatch], Any] | None = None
    after: Callable[[], Any] | None = None

    @property
    def state(self) -> DeviceState:
        return DeviceState(self.power, datetime(2026, 11, 21, tzinfo=UTC), flags=self.flags)

    def render(self, content: Mapping[str, Any]) -> Rendered:
        self.rendered += 1
        texts = [element.get("text", "") for element in content.get("document", [])]
        if "refused" in texts:
            raise RequestError(ErrorCode.INVALID_REQUEST, "document[0].text: refused")
        if "broken" in texts:
            raise ZeroDivisionError
        return Rendered(" ".join(text for text in texts if text).encode())

    async def print_job(self, content: Mapping[str, Any], rendered: Rendered, watch: PrintWatch) -> Mapping[str, Any]:
        self.attempts += 1
        if self.obstacle is not None:
            raise DeviceError(self.obstacle, f"{self.device_id}: {self.obstacle.value}; nothing was printed")
        await _called(self.before)
        await watch.begin()
        text, half = rendered.data.decode(), len(rendered.data) // 2
        self.halves.append(text)
        watch.progress(half, 0)
        await _called(self.within, watch)
        self.paper.append(text)
        watch.progress(len(rendered.data), len(rendered.data))
        await _called(self.after)
        return {"bytes": len(rendered.data), "replaced_characters": 0, "confirmed_by": "paper", **self.results}

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        self.events.append((name, data))

    def set_jobs(self, jobs: Mapping[str, Any]) -> None:
        self.jobs = dict(jobs)

    def told(self, job_id: str) -> list[str]:
        """The states that were told of a job, without repeats."""
        states = [data["state"] for _, data in self.events if data["job_id"] == job_id]
        return [state for index, state in enumerate(states) if index == 0 or state != states[index - 1]]


async def _called(hook: Callable[..., Any] | None, *arguments: Any) -> None:
    if hook is not None and (waiting := hook(*arguments)) is not None:
        await waiting


class AtOnceExecutor(ThreadPoolExecutor):
    """Does in the event loop what a thread would do: what is rendered is there at this moment of the clock."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as an executor does
            done.set_exception(error)
        return done


class WatchedSpool(SqlitePrintSpool):
    """``at`` is called before and after each write: a test may hang there, as a process that is killed."""

    at: Callable[[str], Awaitable[None]] | None = None

    async def accept(self, job: NewJob) -> SpooledJob:
        await self._at("accept:before")
        accepted = await super().accept(job)
        await self._at("accept:after")
        return accepted

    async def begin(self, job: SpooledJob, record: Mapping[str, Any]) -> None:
        await self._at("begin:before")
        await super().begin(job, record)
        await self._at("begin:after")

    async def write(self, job: SpooledJob, **changes: Any) -> None:
        await self._at("write:before")
        await super().write(job, **changes)
        await self._at("write:after")

    async def _at(self, point: str) -> None:
        if self.at is not None:
            await self.at(point)


@dataclass
class Bench:
    """One run of the gateway's print service. ``claimed``: by device id, who holds it."""

    clock: FakeClock
    database: Database
    service: PrintService
    spool: WatchedSpool
    command_log: SqliteCommandLog
    printers: dict[str, PaperPrinter]
    claimed: dict[str, str]
    ids: Counter[str] = field(default_factory=Counter)

    async def ask(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        request_id: str | None = None,
        to: str = "p1",
        refusal: RequestError | None = None,
        objection: Callable[[], RequestError | None] | None = None,
        expires_in_s: float | None = None,
    ) -> Reply:
        """One request, with its reply, also of a refusal."""
        self.ids[name] += 1
        request = Request(request_id or f"{name}-{self.ids[name]}", "lane-1", "pos_printer", to, name, params)
        try:
            return await self.service.answer(
                request,
                refusal=refusal,
                objection=objection or (lambda: self.refusal_of(to)),
                expires_in_s=expires_in_s,
            )
        except RequestError as error:
            return Reply.failed(request.id, error)

    def begin(self, name: str, params: Mapping[str, Any], **options: Any) -> asyncio.Task[Reply]:
        return asyncio.create_task(self.ask(name, params, **options))

    async def print(self, text: str, job_id: str | None = None, **params: Any) -> Reply:
        """Left there: the reply comes when it is accepted."""
        wanted = {"document": [{"type": "text", "text": text}], "answer": "accepted", **params}
        return await self.ask("print", wanted, request_id=job_id or text)

    async def job(self, job_id: str, to: str = "p1") -> dict[str, Any]:
        reply = await self.ask("read_job", {"job_id": job_id}, to=to)
        assert reply.result is not None, reply
        found: dict[str, Any] = reply.result["job"]
        return found

    async def state(self, job_id: str, to: str = "p1") -> str:
        return str((await self.job(job_id, to))["state"])

    def refusal_of(self, device_id: str) -> RequestError | None:
        holder = self.claimed.get(device_id)
        return None if holder is None else RequestError(ErrorCode.CLAIMED, f"{device_id} is held by {holder}")

    def wake(self, device_id: str) -> None:
        """The device's state was told."""
        self.service.device_changed(self.printers[device_id], None)

    async def settle(self) -> None:
        """Until nothing more happens at this moment."""
        for _ in range(3):
            await self.clock.settle()

    async def advance(self, seconds: float) -> None:
        await self.settle()
        await self.clock.advance(seconds)
        await self.settle()


@contextlib.asynccontextmanager
async def open_bench(
    directory: Path,
    *printers: PaperPrinter,
    clock: FakeClock | None = None,
    printing: Mapping[str, PrintingSettings] | None = None,
    is_stopped_in_order: bool = True,
    **outbox: Any,
) -> AsyncIterator[Bench]:
    """``is_stopped_in_order`` False: it ends as with a kill, nothing is written any more."""
    used = clock or FakeClock()
    settings = OutboxSettings(directory=directory, **{"disk_free_bytes_min": 0, **outbox})
    database = Database(settings, used, InlineSqlite.start)
    await database.open()
    by_id = {printer.device_id: printer for printer in printers or (PaperPrinter("p1"),)}
    claimed: dict[str, str] = {}
    spool, command_log = WatchedSpool(database, used), SqliteCommandLog(database, used)
    store = SqliteOutbox(database, used, ONE_UPLINK)
    configured = printing or {}

    def refusal_of(device_id: str) -> RequestError | None:
        holder = claimed.get(device_id)
        return None if holder is None else RequestError(ErrorCode.CLAIMED, f"{device_id} is held by {holder}")

    service = PrintService(
        by_id.get,
        lambda device_id: configured.get(device_id, PrintingSettings()),
        spool,
        command_log,
        PrintAudit("S001", store, EventIds(used), lambda: database.epoch, used),
        refusal_of,
        prepare(directory / "templates"),
        used,
    )
    asyncio.get_running_loop().set_default_executor(AtOnceExecutor())
    running = asyncio.create_task(service.run())
    bench = Bench(used, database, service, spool, command_log, by_id, claimed)
    try:
        await bench.settle()
        yield bench
        if is_stopped_in_order:
            finishing = asyncio.create_task(service.finish())
            for _ in range(10):
                await bench.advance(0.5)
            await finishing
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        closing = asyncio.create_task(database.close())
        await used.advance(5)
        await closing


async def take_writes(bench: Bench, *, is_taken: bool) -> None:
    """A store that can be read and not be written."""
    word = "OFF" if is_taken else "ON"
    await bench.database.read(lambda one: one.execute(f"PRAGMA query_only = {word}").fetchall())
