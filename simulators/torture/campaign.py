"""``edge-gateway torture``: trade under faults, heal everything, let it drain, judge."""

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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.torture.fault import Weather
from simulators.torture.oracle import Breach, Verdict
from simulators.torture.report import ZERO, complaints, known_of, report
from simulators.torture.store import TortureStore
from simulators.torture.table import faults_of

PROGRESS_INTERVAL_S = 10.0
READY_AFTER_HEAL_S = 60.0
LAST_SALE_S = 60.0
"""For the sales in hand, once everything is healed."""
DRAIN_S = 180.0
"""For what is accepted to reach the cloud then; the largest retry delay is 30 s."""
FRESH_S = 60.0
FRESH_TERMINAL = "T99"
"""A till that was not there before."""
LOOK_INTERVAL_S = 0.25
START_S = 2.0
"""From start to ready on a machine that has time for it."""
PACE_MAX = 5.0
SCAN_AGAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class TortureOptions:
    """As the command line gives them. ``directory`` None: a temporary one, kept only if a promise was broken."""

    seed: int = 1
    minutes: float = 1.0
    report_file: Path | None = None
    directory: Path | None = None
    without: frozenset[str] = frozenset()
    command: str = ""


async def run_torture(options: TortureOptions) -> int:
    """0: every promise was kept. 1: one was not, or a part did not start."""
    # tills lose the broker here on purpose, and the cloud its clients
    for name in ("mqtt", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if options.report_file is not None and not options.report_file.parent.is_dir():
        print(f"edge-gateway torture: no directory {options.report_file.parent} for the report", file=sys.stderr)
        return 2
    directory = options.directory or Path(tempfile.mkdtemp(prefix="edge-torture-"))
    directory.mkdir(parents=True, exist_ok=True)
    store = TortureStore(directory.resolve(), options.seed)
    try:
        await store.start()
        result = await Campaign(store, options).run()
    except RuntimeError as error:
        print(f"edge-gateway torture: {error}", file=sys.stderr)
        return 1
    finally:
        await store.stop()
    if options.report_file is not None:
        options.report_file.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key not in {"cloud", "relays", "breaches"}}))
    found = complaints(result)
    for complaint in found:
        print(f"edge-gateway torture: seed {options.seed}: {complaint}", file=sys.stderr)
    if not found and options.directory is None:
        shutil.rmtree(directory)
    elif found:
        print(f"edge-gateway torture: logs and journal are kept in {directory}", file=sys.stderr)
    return 1 if found else 0


class Campaign:
    """One campaign on a store that is started; who started it stops it."""

    def __init__(self, store: TortureStore, options: TortureOptions) -> None:
        self._store = store
        self._options = options
        pace = min(PACE_MAX, max(1.0, (store.gateway.ready_s or [0.0])[0] / START_S))
        self._weather = Weather(faults_of(store, without=options.without), options.seed, pace=pace)
        self._started = time.monotonic()
        self._told: set[str] = set()
        self._facts: dict[str, Any] = {"unanswered": 0, "fresh_event_passed": False}

    async def run(self) -> dict[str, Any]:
        """The report. Ends early, all the same in order, at SIGINT or SIGTERM."""
        store, closing, stop = self._store, asyncio.Event(), _stop_event()
        self._started = time.monotonic()
        pace = self._weather.pace
        _say(f"seed {self._options.seed}, {self._options.minutes} min, pace {pace:.1f}; directory {store.directory}")
        for name, words in self._weather.unavailable.items():
            _say(f"without {name}: {words}")
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(store.run())
            selling = [group.create_task(till.run(closing)) for till in store.tills]
            selling.append(group.create_task(store.scanning.run(closing)))
            raging = asyncio.Event()
            weather = group.create_task(self._weather.run(raging))
            await self._watch(stop, self._options.minutes * 60)
            raging.set()
            await weather
            await self._settle(closing, selling)
            self._facts["fresh_event_passed"] = await self._fresh_passes()
            verdict = self._judge(is_over=True)
            for task in (watching, *selling):
                task.cancel()
        await self._keep_evidence()
        minutes = round(self._options.minutes, 3)
        facts = {**self._facts, "seconds": round(time.monotonic() - self._started, 1), "replay": self._options.command}
        return report(store, self._weather, verdict, seed=self._options.seed, minutes=minutes, facts=facts)

    async def _watch(self, stop: asyncio.Event, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not stop.is_set() and (left_s := end - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(left_s, PROGRESS_INTERVAL_S))
            self._progress()

    async def _settle(self, closing: asyncio.Event, selling: list[asyncio.Task[None]]) -> None:
        """Heal, let the sales in hand be answered, and let everything arrive."""
        store = self._store
        await store.heal()
        _say("healed; waiting for the sales in hand, and until everything has arrived")
        healed = time.monotonic()
        if not await store.gateway.wait_ready(READY_AFTER_HEAL_S):
            _say(f"the gateway is not ready {READY_AFTER_HEAL_S} s after everything was healed")
        closing.set()
        _, unanswered = await asyncio.wait(selling, timeout=LAST_SALE_S)
        self._facts["unanswered"] = len(unanswered)
        await self._drain()
        self._facts["drained_s"] = round(time.monotonic() - healed, 1)

    async def _drain(self) -> None:
        """Until everything has arrived; what damage may have destroyed, until the gateway has nothing more to send."""
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline:
            verdict = self._judge()
            if not verdict.missing and (not verdict.destroyed or await self._is_empty()):
                return
            await asyncio.sleep(LOOK_INTERVAL_S)

    async def _is_empty(self) -> bool:
        status = await self._store.gateway.process.status()
        return status is not None and not any(each["pending"] for each in status["outbox"]["streams"].values())

    async def _keep_evidence(self) -> None:
        """For whoever looks for the reason of a broken promise; the disk itself is gone with its mount."""
        store = self._store
        (store.directory / "diary.txt").write_text("\n".join(self._weather.diary) + "\n")
        (store.directory / "status.json").write_text(json.dumps(await store.gateway.process.status(), indent=2))
        await store.gateway.stop()
        shutil.copytree(store.database.parent, store.directory / "outbox-at-the-end", dirs_exist_ok=True)

    async def _fresh_passes(self) -> bool:
        """Whether a new sale and a new scan get through from end to end."""
        store = self._store
        till = store.till(FRESH_TERMINAL)
        try:
            async with asyncio.timeout(FRESH_S):
                transaction_id = await till.sell_once()
                while not await self._is_seen(await store.scanning.scan()):
                    _say("a fresh scan was not seen on the bus; scanning again")
        except TimeoutError:
            return False
        if transaction_id is None:
            return False
        return await self._until(lambda: not self._judge().missing, FRESH_S)

    async def _is_seen(self, text: str) -> bool:
        return await self._until(lambda: text in self._store.scanning.texts, SCAN_AGAIN_S)

    async def _until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_INTERVAL_S)
        return True

    def _judge(self, *, is_over: bool = False) -> Verdict:
        verdict = self._store.oracle.judge()
        breaches = list(verdict.breaches)
        if is_over:
            words = "accepted, and not in the cloud"
            breaches += [Breach("lost", each.key, f"{each.key}: {words}") for each in verdict.missing]
        for breach in breaches:
            if (
                breach.kind in ZERO and breach.kind not in self._told
            ):  # the first of each kind; all are counted in the report
                self._told.add(breach.kind)
                known = known_of(self._store, self._weather, [breach.key])
                _say(f"seed {self._options.seed}: BROKEN: {breach.kind}: {breach.words}\n{known}")
        return verdict

    def _progress(self) -> None:
        verdict, gateway = self._judge(), self._store.gateway
        broken = sum(breach.kind in ZERO for breach in verdict.breaches)
        cuts = sum(self._weather.counters.values()) - self._weather.counters["kill"]
        _say(
            f"{time.monotonic() - self._started:6.1f} s: {gateway.counters['kills']} kills, {cuts} cuts, "
            f"{verdict.accepted} accepted, {verdict.delivered} delivered, {len(verdict.missing)} on their way, "
            f"{len(verdict.destroyed)} destroyed, {broken} promises broken"
        )


def _stop_event() -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM; a second one ends the program at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    return stop


def _say(words: str) -> None:
    print(f"torture: {words}", file=sys.stderr, flush=True)
