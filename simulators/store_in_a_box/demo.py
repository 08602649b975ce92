"""``edge-gateway demo``: runs the store, shows it or writes a report, and judges it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.store_in_a_box.chaos import Chaos
from simulators.store_in_a_box.report import complaints, report, rss_mb, undelivered
from simulators.store_in_a_box.store import StoreInABox
from simulators.store_in_a_box.view import View

LAST_SALE_S = 60.0
"""A sale in hand when the time is up: its transaction is repeated until it is accepted."""
LOOK_INTERVAL_S = 0.2
DRAIN_S = 60.0
"""For what is accepted to reach the cloud once everything is healed; the largest retry delay is 5 s here."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """As the command line gives them. ``directory`` None: a temporary one, removed at the end."""

    seconds: float | None = None
    is_headless: bool = False
    has_chaos: bool = False
    seed: int | None = None
    report_file: Path | None = None
    directory: Path | None = None
    broker_port: int = 0
    status_port: int = 0
    cloud_port: int = 0
    picture: Path | None = None


async def run_demo(options: DemoOptions) -> int:
    """0: every lane sold, and everything accepted reached the cloud once. 1: not so, or it did not start."""
    # tills lose the broker here on purpose, and say so on the screen of whoever watches
    logging.getLogger("mqtt").setLevel(logging.CRITICAL)
    if options.report_file is not None and not options.report_file.parent.is_dir():
        print(f"edge-gateway demo: no directory {options.report_file.parent} for the report", file=sys.stderr)
        return 2
    seed = options.seed if options.seed is not None else secrets.randbelow(1 << 31)
    with ExitStack() as stack:
        directory = options.directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-demo-")))
        store = StoreInABox(
            directory.resolve(),
            seed=seed,
            broker_port=options.broker_port,
            status_port=options.status_port,
            cloud_port=options.cloud_port,
        )
        try:
            await store.start()
        except (OSError, RuntimeError) as error:
            print(f"edge-gateway demo: {error}", file=sys.stderr)
            return 1
        try:
            result = await _trade(store, options, seed)
        finally:
            await store.stop()
        _keep_receipts(store)
    if options.report_file is not None:
        options.report_file.write_text(json.dumps(result, indent=2) + "\n")
    found = complaints(result, has_chaos=options.has_chaos)
    summary = {key: value for key, value in result.items() if key not in {"lanes", "cloud", "lost_ids"}}
    print(json.dumps(summary) if options.is_headless else _verdict(result))
    for complaint in found:
        print(f"edge-gateway demo: {complaint}", file=sys.stderr)
    return 1 if found else 0


async def _trade(store: StoreInABox, options: DemoOptions, seed: int) -> dict[str, Any]:
    stop, start = _stop_event(), time.monotonic()
    closing = asyncio.Event()
    chaos = Chaos(store, seed)
    print(f"seed {seed}; {json.dumps(store.addresses)}", file=sys.stderr, flush=True)
    async with asyncio.TaskGroup() as group:
        selling = [group.create_task(lane.sell(store.broker.port, closing)) for lane in store.lanes]
        background = [group.create_task(chaos.run())] if options.has_chaos else []
        view = View(store, chaos)
        showing = group.create_task(view.watch() if options.is_headless else view.run())
        try:
            failure = await _until_over(stop, options, store)
            print("finishing the sales in hand", file=sys.stderr, flush=True)
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            if options.has_chaos:
                await chaos.heal()
            seconds = time.monotonic() - start
            if options.picture is not None:
                await view.save_picture(options.picture)
            closing.set()
            if failure is None:
                await asyncio.wait(selling, timeout=LAST_SALE_S)
                await _drain(store)
            memory = rss_mb(store.gateway.pid)
        finally:
            for task in (*background, *selling, showing):
                task.cancel()
    found = report(store, seed=seed, seconds=seconds, rss_mb=memory, faults=chaos.counters)
    return {**found, "failure": failure}


def _stop_event() -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM; a second one ends the program at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    return stop


async def _until_over(stop: asyncio.Event, options: DemoOptions, store: StoreInABox) -> str | None:
    """Until the time is up or somebody stops it; the words for a part that ended though no fault was asked for."""
    start = time.monotonic()
    while not stop.is_set() and (options.seconds is None or time.monotonic() - start < options.seconds):
        if not options.has_chaos and store.gateway.pid is None:
            return f"the gateway ended by itself with exit code {store.gateway.returncode}"
        if not options.has_chaos and not store.broker.is_running:
            return "the broker ended by itself"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_INTERVAL_S)
    return None


async def _drain(store: StoreInABox) -> None:
    """Until everything accepted is in the cloud, or the time for it is over."""
    deadline = time.monotonic() + DRAIN_S
    while undelivered(store) and time.monotonic() < deadline:  # noqa: ASYNC110 - the ledger is not ours to notify
        await asyncio.sleep(0.1)


def _keep_receipts(store: StoreInABox) -> None:
    """The newest receipt of each lane as a picture, and the paper as text; gone with a temporary directory."""
    for lane in store.lanes:
        (store.directory / f"{lane.plan.name}-paper.txt").write_text(lane.printer.paper_text)
        if lane.printer.paper.receipts:
            (store.directory / f"{lane.plan.name}-receipt.png").write_bytes(lane.printer.paper_png(-1))


def _verdict(result: dict[str, Any]) -> str:
    return (
        f"{result['transactions_accepted']} transactions accepted, {result['transactions_delivered']} delivered, "
        f"{result['lost']} lost, {result['duplicated']} applied twice; {result['prints_completed']} receipts printed"
    )
