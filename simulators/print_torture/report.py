"""The report of a print campaign, what is wrong with it, and what is known of a job that broke a promise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from simulators.print_torture.oracle import ENDS, Breach, Verdict
from simulators.print_torture.store import PrintStore
from simulators.torture.fault import Weather

ZERO: Final = (
    "lost",
    "refused",
    "never_ended",
    "double_printed",
    "partly_printed_again",
    "completed_not_whole",
    "whole_though_not_completed",
    "printed_before_begun",
    "printed_unasked",
    "changed_on_paper",
    "told_otherwise",
    "reprint_wrong",
    "unanswered",
    "deaths",
)
"""Figures that must be 0."""
BREACHES_MAX: Final = 100
LOG_LINES_MAX: Final = 20
DIARY_LINES: Final = 15


def report(
    store: PrintStore, weather: Weather, verdict: Verdict, *, seed: int, jobs: int, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """JSON-able; ``facts``: what the campaign itself noted."""
    accepted = [known for known in store.oracle.jobs.values() if known.is_accepted]
    faults = Counter[str]()
    for name, count in weather.counters.items():
        faults[name.partition(" ")[0]] += count
    effects = store.effects.report()
    counted = {name: verdict.count(name) for name in ZERO if name not in ("unanswered", "deaths")}
    return {
        "seed": seed,
        "jobs_wanted": jobs,
        "jobs": len(accepted),
        **{state: verdict.states[state] for state in ENDS},
        **counted,
        "deaths": len(store.gateway.deaths),
        "deaths_said": store.gateway.deaths[:BREACHES_MAX],
        **facts,
        "on_paper": dict(sorted(verdict.on_paper.items())),
        "faults": {name: {"times": times, **effects.get(name, {})} for name, times in sorted(faults.items())},
        "kills": store.gateway.counters["kills"],
        "restarts": store.gateway.counters["starts"] - 1,
        "broker_deaths": store.broker_deaths,
        "ready_s": store.gateway.ready_percentiles(),
        "gateway_rss_peak_mb": store.gateway.rss_peak_mb,
        "by_shape": _by(accepted, "shape"),
        "by_printer": _by(accepted, "printer"),
        "contradicted": sum(bool(known.contradicted) for known in accepted),
        "repeated": sum(any(source == "repeat" for source, _ in known.told) for known in accepted),
        "till_repeats": sum(till.statistics.repeats for till in store.tills),
        "till_errors": dict(sum((Counter(till.statistics.errors) for till in store.tills), Counter[str]())),
        "printers": {
            printer.name: {
                "bytes_printed": printer.machine.counters["bytes_printed"],
                "drawer_kicks": printer.machine.counters["drawer_kicks"],
                "sequences_not_understood": len(printer.machine.errors),
            }
            for printer in store.printers
        },
        "breaches": [f"{breach.kind}: {breach.words}" for breach in verdict.breaches[:BREACHES_MAX]],
    }


def complaints(result: Mapping[str, Any]) -> list[str]:
    """Every promise that was broken, in words; none: exit code 0."""
    found = [f"{name} is {result[name]}, expected 0" for name in ZERO if result[name]]
    if idle := result["faults_without_effect"]:
        found.append(f"{', '.join(idle)} never struck within a byte of a print: the campaign proves nothing of that")
    if not result["completed"]:
        found.append("no job was completed at all: the campaign proves nothing")
    return found


def known_of(store: PrintStore, weather: Weather, breach: Breach) -> str:
    """For whoever looks for the reason: what was told of the job, the log, and the diary's end."""
    known = store.oracle.by_id(breach.job_id)
    lines = [] if known is None else [f"  told: {known.told}", f"  record: {json.dumps(known.record)}"]
    with store.gateway.process.log_file.open(errors="replace") as log:
        named = [line.rstrip() for line in log if breach.job_id in line]
    lines += [f"  log: {line}" for line in named[:LOG_LINES_MAX]]
    lines += [f"  before: {line}" for line in list(weather.diary)[-DIARY_LINES:]]
    return "\n".join(lines)


def _by(accepted: list[Any], name: str) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for known in accepted:
        counted.setdefault(str(getattr(known.job, name)), Counter())[known.state] += 1
    return {key: dict(sorted(states.items())) for key, states in sorted(counted.items())}
