"""The report of a campaign, what is wrong with it, and what is known of an event that broke a promise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulators.torture.fault import Weather
from simulators.torture.oracle import Obligation, Verdict
from simulators.torture.store import TortureStore

ZERO = ("lost", "applied_twice", "out_of_order", "content_mismatch", "answered_otherwise", "unanswered", "deaths")
"""Figures that must be 0."""
EVENTS_LOST, EVENT_DAMAGED = "events_lost", "event_damaged"
"""Names in the gateway's log."""
LOG_LINES_MAX = 20
DIARY_LINES = 15
IDS_MAX = 100
"""Of lost events in the report; their number is whole."""


def report(
    store: TortureStore, weather: Weather, verdict: Verdict, *, seed: int, minutes: float, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """JSON-able; ``facts``: what the campaign itself noted."""
    kills = store.gateway.counters["kills"]
    statistics = [till.statistics for till in store.tills]
    return {
        "seed": seed,
        "minutes": minutes,
        "pace": round(weather.pace, 2),
        "kills": kills,
        "cuts": sum(weather.counters.values()) - weather.counters["kill"],
        "accepted": verdict.accepted,
        "accepted_sales": sum(obligation.is_transaction for obligation in store.oracle.obligations.values()),
        "delivered": verdict.delivered,
        "lost": len(verdict.missing),
        "lost_ids": [obligation.key for obligation in verdict.missing[:IDS_MAX]],
        "destroyed": len(verdict.destroyed),
        **told_lost(store.gateway.process.log_file),
        "duplicated_at_cloud": verdict.received_again,
        "applied_twice": verdict.count("applied_twice"),
        "doubled_by_damage": verdict.count("doubled_by_damage"),
        "out_of_order": verdict.count("out_of_order"),
        "content_mismatch": verdict.count("content_mismatch"),
        "answered_otherwise": verdict.count("answered_otherwise"),
        "deaths": len(store.gateway.deaths),
        "deaths_said": store.gateway.deaths[:IDS_MAX],
        "broker_deaths": store.broker_deaths,
        **facts,
        "faults": dict(sorted(weather.counters.items())),
        "faults_unavailable": weather.unavailable,
        "restarts": store.gateway.counters["starts"] - 1,
        "ready_s": store.gateway.ready_percentiles(),
        "gateway_rss_peak_mb": store.gateway.rss_peak_mb,
        "till_repeats": sum(each.repeats for each in statistics),
        "till_errors": _sum(each.errors for each in statistics),
        "refused": [transaction_id for each in statistics for transaction_id in each.refused],
        "cloud": store.cloud.ledger.summary(),
        "cloud_faults_struck": dict(store.cloud.faults.counters),
        "relays": {
            name: dict(relay.counters)
            for name, relay in (("bus", store.bus_relay), ("till", store.till_relay), ("cloud", store.cloud_relay))
        },
        "breaches": [breach.words for breach in verdict.breaches[:IDS_MAX]],
    }


def complaints(result: Mapping[str, Any]) -> list[str]:
    """Every promise that was broken, in words; none: exit code 0."""
    found = [f"{name} is {result[name]}, expected 0" for name in ZERO if result[name]]
    if result["destroyed"] > result["reported_lost"] and result["reported_lost_is_exact"]:
        found.append(
            f"{result['destroyed']} events were destroyed by flipped bits, "
            f"and the gateway told of {result['reported_lost']}"
        )
    if not result["fresh_event_passed"]:
        found.append("a fresh sale and a fresh scan did not get through at the end")
    if not result["accepted_sales"]:
        found.append("no sale was accepted at all: the campaign proves nothing")
    return found


def told_lost(log: Path) -> dict[str, Any]:
    """What the gateway said itself of events that damage took: lost with a page, or unreadable in their row."""
    lost, is_exact = 0, True
    with log.open(errors="replace") as lines:
        for line in lines:
            if f'"{EVENTS_LOST}"' in line:
                said = json.loads(line)
                lost += sum(said["lost"].values())
                is_exact = is_exact and bool(said["is_exact"])
            elif f'"{EVENT_DAMAGED}"' in line:
                lost += 1
    return {"reported_lost": lost, "reported_lost_is_exact": is_exact}


def known_of(store: TortureStore, weather: Weather, keys: Sequence[str]) -> str:
    """For whoever looks for the reason: ledger, log and diary, as far as they name the ids."""
    words = [word for key in keys for word in (key, *_event_ids(store.oracle.obligations.get(key)))]
    lines = [f"  ledger: {json.dumps(_entry(store, word))}" for word in words if word in store.cloud.ledger.entries]
    with store.gateway.process.log_file.open(errors="replace") as log:
        named = [line.rstrip() for line in log if any(word in line for word in words)]
    lines += [f"  log: {line}" for line in named[:LOG_LINES_MAX]]
    lines += [f"  before: {line}" for line in list(weather.diary)[-DIARY_LINES:]]
    return "\n".join(lines)


def _entry(store: TortureStore, event_id: str) -> dict[str, Any]:
    return {key: value for key, value in asdict(store.cloud.ledger.entries[event_id]).items() if value}


def _event_ids(obligation: Obligation | None) -> list[str]:
    return obligation.event_ids if obligation is not None else []


def _sum(counters: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for counter in counters:
        for name, value in counter.items():
            total[name] = total.get(name, 0) + value
    return total
