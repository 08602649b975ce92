"""``edge-gateway torture-print``: print under faults, heal everything, let every job end, and read the paper."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulators.print_torture.faults import at_byte_names, faults_of
from simulators.print_torture.jobs import JobMaker
from simulators.print_torture.oracle import ENDS, Known, Verdict
from simulators.print_torture.printers import rolls
from simulators.print_torture.report import complaints, known_of, report
from simulators.print_torture.store import PrintStore
from simulators.torture.fault import Weather

AT_ONCE: Final = 12
"""Jobs in hand: some wait behind each other at every printer."""
PROGRESS_INTERVAL_S: Final = 10.0
READY_AFTER_HEAL_S: Final = 60.0
LAST_JOBS_S: Final = 240.0
"""For the jobs in hand, once everything is healed: each waits for its confirmation in vain first, if need be."""
JOB_READ_S: Final = 60.0
REPRINTS_MAX: Final = 5
REPRINT_S: Final = 60.0
"""For all of the copies that a person asks for."""
IDLE_S: Final = 10.0
"""For printers to print what they have."""
LOOK_INTERVAL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class PrintTortureOptions:
    """As the command line gives them. ``directory`` None: a temporary one, kept only if a promise was broken."""

    seed: int = 1
    jobs: int = 500
    report_file: Path | None = None
    directory: Path | None = None
    without: frozenset[str] = frozenset()
    command: str = ""


async def run_print_torture(options: PrintTortureOptions) -> int:
    """0: every promise was kept. 1: one was not, or a part did not start."""
    logging.getLogger("mqtt").setLevel(logging.CRITICAL)  # tills lose the broker here on purpose
    if options.report_file is not None and not options.report_file.parent.is_dir():
        print(f"edge-gateway torture-print: no directory {options.report_file.parent} for the report", file=sys.stderr)
        return 2
    directory = options.directory or Path(tempfile.mkdtemp(prefix="edge-torture-print-"))
    directory.mkdir(parents=True, exist_ok=True)
    store = PrintStore(directory.resolve(), options.seed)
    try:
        await store.start()
        result = await PrintCampaign(store, options).run()
    except RuntimeError as error:
        print(f"edge-gateway torture-print: {error}", file=sys.stderr)
        return 1
    finally:
        await store.stop()
    if options.report_file is not None:
        options.report_file.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "breaches"}))
    found = complaints(result)
    for complaint in found:
        print(f"edge-gateway torture-print: seed {options.seed}: {complaint}", file=sys.stderr)
    if not found and options.directory is None:
        shutil.rmtree(directory)
    elif found:
        print(f"edge-gateway torture-print: log, diary and paper are kept in {directory}", file=sys.stderr)
    return 1 if found else 0


class PrintCampaign:
    """One campaign on a store that is started; who started it stops it."""

    def __init__(self, store: PrintStore, options: PrintTortureOptions) -> None:
        self._store = store
        self._options = options
        self._weather = Weather(faults_of(store, without=options.without), options.seed)
        self._maker = JobMaker(options.seed, [printer.name for printer in store.printers])
        self._started = time.monotonic()
        self._facts: dict[str, Any] = {"unanswered": 0}
        self._begun = self._ended = 0

    async def run(self) -> dict[str, Any]:
        """The report. Ends early, all the same in order, at SIGINT or SIGTERM."""
        store, stop = self._store, _stop_event()
        self._say(f"{self._options.jobs} jobs; directory {store.directory}")
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(store.run())
            printing = [group.create_task(self._print(stop)) for _ in range(AT_ONCE)]
            weather = group.create_task(self._weather.run(store.closing))
            telling = group.create_task(self._progress())
            await self._until_over(printing, stop)
            store.closing.set()
            await weather
            await self._settle(printing)
            await self._read_jobs()
            await self._ask_for_copies()
            for task in (watching, telling, *printing):
                task.cancel()
        verdict = await self._judge()
        self._keep_evidence(verdict)
        facts = {
            **self._facts,
            "seconds": round(time.monotonic() - self._started, 1),
            "replay": self._options.command,
            "faults_without_effect": store.effects.missing(
                at_byte_names(without=self._options.without), len(store.oracle.jobs)
            ),
        }
        return report(store, self._weather, verdict, seed=self._options.seed, jobs=self._options.jobs, facts=facts)

    async def _print(self, stop: asyncio.Event) -> None:
        """One job after the other, of those that nobody has in hand; tills in turn."""
        while self._begun < self._options.jobs and not stop.is_set():
            self._begun += 1
            job = self._maker.job(self._begun)
            await self._store.tills[job.number % len(self._store.tills)].print(job)
            self._ended += 1

    async def _until_over(self, printing: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        over = asyncio.create_task(asyncio.wait(printing))
        await asyncio.wait({over, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        over.cancel()

    async def _settle(self, printing: list[asyncio.Task[None]]) -> None:
        """Heal, and let the jobs in hand end."""
        await self._store.heal()
        self._say("healed; waiting for the jobs in hand")
        if not await self._store.gateway.wait_ready(READY_AFTER_HEAL_S):
            self._say(f"the gateway is not ready {READY_AFTER_HEAL_S} s after everything was healed")
        _, unanswered = await asyncio.wait(printing, timeout=LAST_JOBS_S)
        self._facts["unanswered"] = len(unanswered)

    async def _read_jobs(self) -> None:
        """What the gateway says of every job now that all is over, a job without an end as it stands."""
        for known in self._accepted():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(JOB_READ_S):
                    known.record = await self._store.tills[0].look(known.job)

    async def _ask_for_copies(self) -> None:
        """A person reads the paper of unknown jobs: some are printed once more, the others left."""
        unknown = [known for known in self._accepted() if known.state == "unknown"]
        try:
            async with asyncio.timeout(REPRINT_S):
                for known in unknown[:REPRINTS_MAX]:
                    await self._store.tills[0].reprint(known)
                for known in unknown[REPRINTS_MAX:]:
                    await self._store.tills[0].dismiss(known)
        except TimeoutError:
            self._facts["unanswered"] += 1
        self._facts["reprinted"] = sum(known.reprint is not None for known in unknown)

    async def _judge(self) -> Verdict:
        """When the printers have printed what they have."""
        printers = self._store.printers
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                while not all(printer.machine.is_idle for printer in printers):  # noqa: ASYNC110 - they tell nobody
                    await asyncio.sleep(LOOK_INTERVAL_S)
        for printer in printers:
            printer.finish_roll()
        verdict = self._store.oracle.judge(rolls(printers))
        told: set[str] = set()
        for breach in verdict.breaches:
            if breach.kind not in told:  # the first of each kind; all are counted in the report
                told.add(breach.kind)
                self._say(f"BROKEN: {breach.kind}: {breach.words}\n{known_of(self._store, self._weather, breach)}")
        return verdict

    def _keep_evidence(self, verdict: Verdict) -> None:
        """For whoever looks for the reason of a broken promise."""
        directory = self._store.directory
        (directory / "diary.txt").write_text("\n".join(self._weather.diary) + "\n")
        (directory / "breaches.txt").write_text("".join(f"{each.kind}: {each.words}\n" for each in verdict.breaches))
        for printer in self._store.printers:
            (directory / f"{printer.name}.paper.txt").write_text(printer.roll.text)
        records = {known.job.job_id: known.record for known in self._accepted()}
        (directory / "jobs.json").write_text(json.dumps(records, indent=1))

    async def _progress(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_INTERVAL_S)
            ends = [known.told[-1][1] for known in self._store.oracle.jobs.values() if known.told]
            states = ", ".join(f"{ends.count(state)} {state}" for state in ENDS if state in ends)
            kills = self._store.gateway.counters["kills"]
            self._say(f"{self._begun} asked for, {self._ended} over: {states}; {kills} kills")

    def _accepted(self) -> list[Known]:
        return [known for known in self._store.oracle.jobs.values() if known.is_accepted]

    def _say(self, words: str) -> None:
        seconds = time.monotonic() - self._started
        print(f"torture-print: seed {self._options.seed}: {seconds:6.1f} s: {words}", file=sys.stderr, flush=True)


def _stop_event() -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM; a second one ends the program at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    return stop
