"""Whatever is asked, whatever the printer does, wherever the gateway is killed: one copy, or an honest unknown."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_gateway.contracts.errors import ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.printing import JobState, PrintFailedError, PrintWatch
from edge_gateway.services.printing.job import NEXT_STATES
from edge_gateway.settings_printing import PrintingSettings
from tests.printing.bench import Bench, PaperPrinter, open_bench, take_writes
from tests.support.clock import FakeClock

JOBS: Final = 6
POINTS: Final = (
    *("accept:before", "accept:after", "begin:before", "begin:after", "write:before", "write:after"),
    *("driver:before", "driver:half", "driver:whole"),
)
DEADLINE_S: Final = 30.0
SETTLED_S: Final = 200.0
"""Longer than any deadline: by then every job has ended."""

job = st.integers(0, JOBS - 1)
action = st.one_of(
    st.tuples(st.just("print"), job, st.sampled_from(["high", "normal", "low"])),
    st.tuples(st.just("print"), job, st.just("normal")),
    st.tuples(st.just("cancel"), job),
    st.tuples(st.just("reprint"), job),
    st.tuples(st.just("dismiss"), job),
    st.tuples(
        st.just("obstacle"),
        st.sampled_from(["p1", "p2"]),
        st.sampled_from([None, None, ErrorCode.PAPER_EMPTY, ErrorCode.OFFLINE]),
    ),
    st.tuples(st.just("claim"), st.sampled_from(["p1", "p2"]), st.booleans()),
    st.tuples(st.just("disk"), st.booleans()),
    st.tuples(st.just("advance"), st.sampled_from([0.1, 1.0, 3.0, 40.0])),
    st.tuples(st.just("break"), st.sampled_from(["failed", "unknown", "unconfirmed"])),
    st.tuples(st.just("kill at"), st.sampled_from(POINTS), st.integers(0, 2)),
    st.tuples(st.just("kill")),
    st.tuples(st.just("stop")),
)


@dataclass
class Shop:
    """A printer, its back-up, and a gateway that is killed and started again. ``promised``: jobs whose acceptance was
    answered; ``ended``: what was told of jobs as their end."""

    directory: Path
    clock: FakeClock = field(default_factory=FakeClock)
    printers: list[PaperPrinter] = field(default_factory=lambda: [PaperPrinter("p1"), PaperPrinter("p2")])
    promised: set[str] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)
    trap: tuple[str, int] | None = None
    is_killed: bool = False
    breaks: list[str] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)

    async def at(self, point: str) -> None:
        """A process that is killed here does nothing any more."""
        self.passed[point] += 1
        if self.is_killed:
            await asyncio.Event().wait()
        if self.trap is not None and self.trap[0] == point:
            point, left = self.trap
            self.trap = (point, left - 1) if left else None
            if not left:
                self.is_killed = True
                await asyncio.Event().wait()

    async def within(self, watch: PrintWatch) -> None:
        await self.at("driver:half")
        if self.breaks and self.breaks[0] != "unconfirmed":
            if self.breaks.pop() == "unknown":
                raise UnknownOutcomeError("the line was cut")
            raise PrintFailedError(ErrorCode.COVER_OPEN, "cleared", is_on_paper=True)
        if watch.cancelled.is_set():
            raise PrintFailedError(ErrorCode.CANCELLED, "cleared", is_on_paper=True)

    async def after(self) -> None:
        await self.at("driver:whole")
        if self.breaks == ["unconfirmed"]:
            self.breaks.pop()
            raise UnknownOutcomeError("all was sent, and not confirmed")

    async def open(self, stack: AsyncExitStack, *, is_stopped_in_order: bool) -> Bench:
        self.is_killed = False
        for printer in self.printers:
            printer.before = lambda: self.at("driver:before")
            printer.within = self.within
            printer.after = self.after
        opening = open_bench(
            self.directory,
            *self.printers,
            clock=self.clock,
            printing={"p1": PrintingSettings(backup="p2", backup_after_s=1.0)},
            is_stopped_in_order=is_stopped_in_order,
        )
        bench = await stack.enter_async_context(opening)
        bench.spool.at = self.at
        return bench

    async def live(self, actions: list[tuple[Any, ...]]) -> None:
        """Until the actions are through, over as many runs of the gateway as they take."""
        while actions:
            is_stop = next((each[0] == "stop" for each in actions if each[0] in ("kill", "stop")), False)
            async with AsyncExitStack() as stack:
                bench = await self.open(stack, is_stopped_in_order=is_stop)
                asked: list[asyncio.Task[Any]] = []
                while actions and not self.is_killed:
                    one, *actions = actions
                    if one[0] in ("kill", "stop"):
                        break
                    await self.act(bench, one, asked)
                if self.is_killed:
                    is_stop = False
                await bench.settle()
                for task in asked:
                    task.cancel()
                await asyncio.gather(*asked, return_exceptions=True)
                if self.is_killed:
                    bench.service.finish = _nothing  # type: ignore[method-assign] # a killed process stops in no order

    async def act(self, bench: Bench, one: tuple[Any, ...], asked: list[asyncio.Task[Any]]) -> None:
        match one:
            case ("print", number, priority):
                asked.append(asyncio.create_task(self.submit(bench, f"job-{number}", priority)))
            case ("cancel" | "dismiss" as name, number):
                name = "cancel_job" if name == "cancel" else name
                asked.append(asyncio.create_task(self.settle(bench, name, f"job-{number}")))
            case ("reprint", number):
                params = {"job_id": f"job-{number}", "answer": "accepted", "deadline_s": DEADLINE_S}
                asked.append(bench.begin("reprint", params, request_id=f"copy-{number}"))
            case ("obstacle", device_id, code):
                bench.printers[device_id].obstacle = code
            case ("claim", device_id, is_claimed):
                bench.claimed.pop(device_id, None)
                if is_claimed:
                    bench.claimed[device_id] = "T2"
                bench.wake(device_id)
            case ("disk", is_taking):
                await take_writes(bench, is_taken=is_taking)
            case ("break", kind):
                self.breaks = [kind]
            case ("kill at", point, count):
                self.trap = (point, count)
            case ("advance", seconds):
                await bench.advance(seconds)
        await bench.settle()

    async def submit(self, bench: Bench, job_id: str, priority: str) -> None:
        reply = await bench.print(job_id, deadline_s=DEADLINE_S, priority=priority)
        if not self.is_killed and (reply.status.value != "failed" or (reply.error_details or {}).get("job")):
            self.promised.add(job_id)

    async def settle(self, bench: Bench, name: str, job_id: str) -> None:
        """Cancel or dismiss."""
        reply = await bench.ask(name, {"job_id": job_id})
        if not self.is_killed and reply.result is not None:
            state = str(reply.result["job"]["state"])
            if JobState(state).is_end:
                self.ended[job_id] = state

    async def end(self) -> None:
        """The printers work again, and time passes: then look at what became of everything."""
        self.trap, self.breaks = None, []
        for printer in self.printers:
            printer.obstacle = None
        async with AsyncExitStack() as stack:
            bench = await self.open(stack, is_stopped_in_order=True)
            await bench.advance(SETTLED_S)
            for job_id in sorted(self.promised):
                await self.check(job_id, (await bench.job(job_id))["state"])
            reply = await bench.ask("read_jobs", {"limit": 100})
            assert reply.result is not None
            for found in reply.result["jobs"]:
                await self.check(found["job_id"], found["state"])
            assert [bench.service.jobs_of(each).waiting for each in ("p1", "p2")] == [0, 0]
        for text, count in Counter(self.halves).items():
            assert count <= 1, f"{text} was begun {count} times"

    @property
    def paper(self) -> list[str]:
        return [text for printer in self.printers for text in printer.paper]

    @property
    def halves(self) -> list[str]:
        return [text for printer in self.printers for text in printer.halves]

    async def check(self, job_id: str, state: str) -> None:
        text = f"COPY {job_id.replace('copy', 'job')}" if job_id.startswith("copy") else job_id
        copies, begun = self.paper.count(text), self.halves.count(text)
        about = f"{job_id} is {state}, begun {begun} times, printed {copies} times"
        assert copies <= 1, about
        assert JobState(state).is_end, about
        assert state != "completed" or copies == 1, about
        assert state != "expired" or begun == 0, about
        assert state == "completed" or copies == 0 or state == "unknown", about
        assert self.ended.get(job_id, state) == state, about
        told = [JobState(each) for each in self.printers[0].told(job_id)]
        for before, after in pairwise(told):
            assert after in NEXT_STATES.get(before, ()), told


async def _nothing() -> None:
    """Of a killed process."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(st.lists(action, min_size=3, max_size=25))
def test_print_job_is_printed_once_or_unknown_wherever_the_gateway_is_killed(actions: list[tuple[Any, ...]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            shop = Shop(Path(directory))
            await shop.live(list(actions))
            await shop.end()

    asyncio.run(run())


async def test_every_point_of_the_model_can_be_killed_at(tmp_path: Path) -> None:
    for number, point in enumerate(POINTS):
        directory = tmp_path / str(number)
        directory.mkdir()
        shop = Shop(directory)
        await shop.live([("kill at", point, 0), ("print", 0, "normal"), ("advance", 1.0), ("print", 0, "normal")])
        assert shop.passed[point] >= 1, point
        await shop.end()
