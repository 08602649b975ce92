"""The oracle campaign, short, by its installed command; and each of its faults alone."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simulators.torture.fake_clock import FakeClock
from simulators.torture.fault import Fault
from simulators.torture.store import TortureStore
from simulators.torture.table import FAULTS

COMMAND = Path(sys.executable).parent / "edge-gateway"
CAMPAIGN_TIMEOUT_S = 420.0
SALE_TIMEOUT_S = 60.0
SEED = 7

pytestmark = pytest.mark.e2e


async def test_torture_of_25_s_breaks_no_promise(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    process = await asyncio.create_subprocess_exec(
        COMMAND, "torture", "--seed", str(SEED), "--minutes", "0.42", "--json", report, cwd=tmp_path,
        stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(CAMPAIGN_TIMEOUT_S):
        output, _ = await process.communicate()
    said = output.decode(errors="replace")
    assert process.returncode == 0, said
    found: dict[str, Any] = json.loads(report.read_text())
    assert found["lost"] == found["out_of_order"] == found["applied_twice"] == found["content_mismatch"] == 0
    assert found["accepted"] == found["delivered"] > 0
    assert found["kills"] > 0
    assert found["cuts"] > 0
    assert found["fresh_event_passed"]
    assert found["replay"] == f"edge-gateway torture --seed {SEED} --minutes 0.42"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TortureStore]:
    """A store that trades, with somebody who watches the gateway and the scans."""
    store = TortureStore(tmp_path, SEED)
    watching: asyncio.Task[None] | None = None
    try:
        await store.start()
        watching = asyncio.create_task(store.run())
        yield store
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait({watching})
        await store.stop()


async def test_every_fault_can_be_made_and_is_healed(store: TortureStore) -> None:
    random = Random(SEED)
    till = store.till("T1")
    for kind in FAULTS:
        fault: Fault = kind(store)
        if fault.why_not() is not None:
            continue
        assert await fault.do(random), kind.name
        await fault.heal()
        async with asyncio.timeout(SALE_TIMEOUT_S):
            assert await till.sell_once() is not None, f"{kind.name} was healed, and a sale is refused"
    assert store.gateway.deaths == []
    assert store.gateway.counters["kills"] > 0


async def test_fake_clock_moves_the_gateways_time_while_it_runs(store: TortureStore) -> None:
    if not store.clock.is_available:
        pytest.skip("libfaketime is not installed (./dev test installs it)")
    store.clock.set(-86_400)
    async with asyncio.timeout(SALE_TIMEOUT_S):
        while datetime.now(UTC) - await _gateway_time(store) < timedelta(hours=23):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    assert store.gateway.counters["starts"] == 1


async def _gateway_time(store: TortureStore) -> datetime:
    status = await store.gateway.process.status()
    return datetime.now(UTC) if status is None else datetime.fromisoformat(status["time"])


def test_fake_clock_is_absent_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.torture.fake_clock.LIBRARY_PATTERN", "*/faketime/none")
    clock = FakeClock(tmp_path / "clock")
    assert not clock.is_available
    assert clock.environment == {}
