"""The report: what the tills were promised against what the cloud has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from simulators.pos_client_statistics import percentiles_ms
from simulators.store_in_a_box.store import StoreInABox


def undelivered(store: StoreInABox) -> list[str]:
    """Transaction ids that were answered ``accepted`` and have no effect in the cloud."""
    booked = store.cloud.ledger.event_ids_by_transaction
    accepted = chain.from_iterable(lane.statistics.accepted.items() for lane in store.lanes)
    return [transaction_id for transaction_id, event_id in accepted if event_id not in booked.get(transaction_id, ())]


def report(
    store: StoreInABox,
    *,
    seed: int,
    seconds: float,
    rss_mb: float | None,
    faults: Mapping[str, int],
) -> dict[str, Any]:
    """JSON-able. ``lost`` and ``duplicated`` must be 0."""
    statistics = [lane.statistics for lane in store.lanes]
    cloud = store.cloud.ledger.summary()
    latencies = percentiles_ms(chain.from_iterable(each.scan_to_bus_s for each in statistics))
    missing = undelivered(store)
    accepted = sum(len(each.accepted) for each in statistics)
    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "scans": sum(each.scans_seen for each in statistics),
        "weights": sum(each.weights for each in statistics),
        "prints_completed": sum(each.prints_completed for each in statistics),
        "prints_failed": sum(each.prints_failed for each in statistics),
        "prints_unknown": sum(each.prints_unknown for each in statistics),
        "transactions_submitted": sum(each.submitted for each in statistics),
        "transactions_accepted": accepted,
        "transactions_delivered": accepted - len(missing),
        "lost": len(missing),
        "lost_ids": missing,
        "duplicated": cloud["applied_twice"] + cloud["transactions_applied_twice"],
        "scan_to_bus_ms_p50": latencies["p50"],
        "scan_to_bus_ms_p99": latencies["p99"],
        "gateway_rss_mb": rss_mb,
        "faults": dict(faults),
        "lanes": {lane.plan.name: lane.statistics.to_json() for lane in store.lanes},
        "printer_errors": [error for lane in store.lanes for error in lane.printer.errors],
        "cloud": cloud,
    }


def complaints(result: Mapping[str, Any], *, has_chaos: bool) -> list[str]:
    """What is wrong with a report, in words; nothing, if the demo went well. Under faults a lane may sell nothing."""
    found = []
    if result.get("failure"):
        found.append(result["failure"])
    if result["lost"]:
        found.append(f"{result['lost']} accepted transactions did not reach the cloud: {', '.join(result['lost_ids'])}")
    if result["duplicated"]:
        found.append(f"{result['duplicated']} events or transactions were applied twice by the cloud")
    for name, lane in result["lanes"].items():
        if not lane["accepted"] and not has_chaos:
            seen = {key: lane[key] for key in ("scans_seen", "submitted", "refused", "errors")}
            found.append(f"{name} sold nothing; its till saw {json.dumps(seen)}")
    return found


def rss_mb(pid: int | None) -> float | None:
    """Resident memory of a process (proc(5)); None if it is not there."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
    except OSError:
        return None
    return None
