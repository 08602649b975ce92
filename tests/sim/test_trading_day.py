"""A short trading day in virtual time: a scale is unplugged, the cloud goes away, and every promise is kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts import log_events
from edge_gateway.contracts.cloudevents import event_type
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.weight_sold import WEIGHT_UNITS
from edge_gateway.status.source import Snapshot
from tests.sim.store import STORE_ID, SimulatedStore
from tests.sim.virtual_time import run

SEEDS = (1, 2, 3)
DAY_S, MORNING_S = 900.0, 400.0
SCALE_AWAY_S, CLOUD_AWAY_S = 60.0, 120.0
BACK_S_MAX = 2.0
"""A device is back on the bus within this after its return."""
SCALE, SCALE_TOPIC = "scale-1", f"edge/v1/{STORE_ID}/lane-1/scale/scale-1"


@dataclass(frozen=True, slots=True)
class Day:
    """What is left of a day."""

    store: SimulatedStore
    logs: list[Any]
    scale_away: tuple[float, float]
    evening: Snapshot

    def published(self, topic: str, start_s: float, end_s: float) -> list[dict[str, Any]]:
        """Payloads on one topic."""
        journal = self.store.broker.journal
        return [json.loads(each.payload) for each in journal if each.topic == topic and start_s < each.at_s < end_s]

    def in_cloud(self, stream: str) -> list[dict[str, Any]]:
        """In the order of their arrival."""
        return [json.loads(each.payload) for each in self.store.cloud.arrivals if each.stream == stream]


async def _trade(seed: int, directory: Path, day_s: float = DAY_S) -> Day:
    store, random = SimulatedStore(seed, directory / "outbox"), Random(f"{seed}/plan")
    clock, wire = store.clock, store.lanes[0].wires["scale"]
    with capture_logs() as logs:
        async with store.trading():
            await clock.sleep(random.uniform(0.1, 0.3) * day_s)
            away_s = clock.monotonic()
            wire.unplug()
            await clock.sleep(SCALE_AWAY_S)
            back_s = clock.monotonic()
            wire.plug()
            await clock.sleep(random.uniform(0.1, 0.3) * day_s)
            store.cloud.is_away = True
            await clock.sleep(CLOUD_AWAY_S)
            store.cloud.is_away = False
            await clock.sleep(day_s - clock.monotonic())
            evening = store.status()
    return Day(store, logs, (away_s, back_s), evening)


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return run(_trade(request.param, tmp_path_factory.mktemp("store")))


def test_trading_day_loses_no_sale_and_doubles_none(day: Day) -> None:
    statistics, cloud = day.store.lanes[0].statistics, day.store.cloud
    assert len(statistics.accepted) == statistics.submitted == statistics.sales > 30
    transactions = day.in_cloud("transactions")
    in_cloud = {each["subject"]: each["id"] for each in transactions}
    assert in_cloud == statistics.accepted
    assert list(in_cloud) == list(statistics.accepted), "one till's sales reach the cloud in their order"
    assert len(transactions) == len(in_cloud), "no sale under two ids"
    assert cloud.conflicts == cloud.out_of_order == []
    assert cloud.counters["answers_lost"] > 0, "no answer was lost: the day proves less than it says"


def test_trading_day_audits_each_weight_that_was_sold_once(day: Day) -> None:
    sold = [
        (sale["subject"], line["line_number"])
        for sale in day.in_cloud("transactions")
        for line in sale["data"]["transaction"]["lines"]
        if sale["data"]["transaction"]["type"] == "sale" and line["unit"] in WEIGHT_UNITS
    ]
    audits = [event["data"] for event in day.in_cloud("audit") if event["type"] == event_type("pos", "weight_sold")]
    audited = [(audit["transaction_id"], audit["line_number"]) for audit in audits]
    assert sorted(audited) == sorted(sold) != []
    assert any(audit["reading"] for audit in audits), "no weight stands beside what the scale showed"


def test_trading_day_prints_each_receipt_once_and_misses_no_scan(day: Day) -> None:
    [lane] = day.store.lanes
    statistics = lane.statistics
    assert lane.printer is not None
    assert statistics.prints_completed == statistics.sales == lane.printer.counters["receipts"]
    assert statistics.scans_seen == statistics.scans_sent == lane.scanner.scans_sent > 30
    assert len(day.in_cloud("device_events")) == statistics.scans_sent


def test_scale_that_was_away_says_so_and_is_back_in_time(day: Day) -> None:
    away_s, back_s = day.scale_away
    [gone] = day.published(f"{SCALE_TOPIC}/state", away_s, back_s)
    assert (gone["power"], gone["reason"]) == ("off", "scale-1: no such device")
    assert "weight" not in gone, "nothing that was known of it holds any more"
    assert day.published(f"{SCALE_TOPIC}/event/weight_changed", away_s, back_s) == []
    assert day.published(f"{SCALE_TOPIC}/state", back_s, back_s + BACK_S_MAX)[-1]["power"] == "online"


def test_outages_are_logged_once_each_and_leave_the_store_healthy(day: Day) -> None:
    logged = Counter((entry["event"], entry.get("device")) for entry in day.logs)
    assert logged[log_events.DEVICE_LOST, SCALE] == 1
    assert logged[log_events.DEVICE_CONNECTED, SCALE] == 2
    assert {event for event, _ in logged} & {log_events.DEVICE_FAILED, log_events.REQUEST_FAILED} == set()
    assert day.evening.health.status is Health.HEALTHY, day.evening.health.reasons
    assert day.evening.outbox.disk_free_bytes
    [uplink] = day.evening.uplinks
    assert (uplink.name, uplink.kind, uplink.breaker) == ("https", "https", "closed")
    assert uplink.streams["transactions"].last_sync is not None
    assert uplink.streams["telemetry"].next_sync is not None, "on its schedule, and no reason to worry"
    assert uplink.lag_events == sum(stream.lag_events for stream in uplink.streams.values()) < 10
    assert day.evening.counters["uplink/https"]["delivered"] > 0
    assert [name for name, stream in day.evening.outbox.streams.items() if stream.dead] == []


def test_trading_day_is_the_same_from_the_same_seed_and_another_from_another(tmp_path: Path) -> None:
    days = [run(_trade(seed, tmp_path / str(number), MORNING_S)) for number, seed in enumerate((1, 1, 2))]
    first, again, other = (each.store.broker.journal for each in days)
    assert first == again
    assert first != other
