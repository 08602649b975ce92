"""drain: a backlog goes to the cloud over HTTPS while tills go on selling; beside the leanest program that carries one.

The real daemon finds the backlog in its store when it starts. The cloud does nothing but answer (see lean_cloud), over
TLS 1.3, in a process of its own; the lean program drains a tenth of the events into the same cloud before the daemon
and another tenth after it. Live sales come from tills that have nothing in the backlog.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from edge_gateway.bench import lean_drain, stores
from edge_gateway.bench.certificates import write_self_signed
from edge_gateway.bench.children import child
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.lean_cloud import LIVE_PREFIX
from edge_gateway.bench.process_facts import memory_peak_mb
from edge_gateway.bench.result import BenchResult, percentile
from edge_gateway.bench.sales import Sales
from edge_gateway.bench.tills import Tills
from simulators.gateway_process import GatewayProcess
from simulators.mosquitto import Mosquitto, free_port

BACKLOG_TILLS: Final = 20
LIVE_TILLS: Final = 5
LIVE_PAUSE_S: Final = 0.5
"""Between two sales of all live tills: ten sales a second, a very busy store."""
FLOOR_SHARE: Final = 0.1
STALL_S_MAX: Final = 60.0
"""Without any event at the cloud for so long, the drain is given up."""


@dataclass(slots=True)
class _Arrivals:
    """What the cloud has told so far."""

    events: int = 0
    live: int = 0
    first_ns: int = 0
    last_ns: int = 0
    live_ns: dict[str, int] = field(default_factory=dict)

    def read(self, cloud: subprocess.Popen[str]) -> None:
        """Until the cloud ends; in a thread of its own."""
        assert cloud.stdout is not None
        for line in cloud.stdout:
            instant, count, *live = line.split()
            self.last_ns = int(instant)
            self.first_ns = self.first_ns or self.last_ns
            for transaction_id in live:
                self.live_ns.setdefault(transaction_id, self.last_ns)
            self.live += len(live)
            self.events += int(count)


async def run(events: int, *, is_encrypted: bool = True, directory: Path | None = None) -> BenchResult:
    """Raises RuntimeError if the drain stands still."""
    with tempfile.TemporaryDirectory(prefix="bench-drain-", dir=directory) as name:
        path = Path(name)
        certificate = path / "cloud.pem"
        write_self_signed(certificate)
        filling = time.monotonic()
        async with stores.opened(path / "ours" / "outbox", is_encrypted=is_encrypted, keys=path / "ours") as (
            _,
            outbox,
        ):
            await stores.fill(outbox, Sales(BACKLOG_TILLS), events)
        fill_s = time.monotonic() - filling
        floors = [await asyncio.to_thread(_lean, path / "before.db", certificate, events)]
        ours = await _daemon(path, certificate, events, is_encrypted=is_encrypted)
        floors.append(await asyncio.to_thread(_lean, path / "after.db", certificate, events))
    floor = round(sum(floors) / len(floors))
    cases = [
        {"case": f"{events} events", "program": "edge-gateway", **ours, "fill_s": round(fill_s, 1)},
        {"case": f"{round(events * FLOOR_SHARE)} events, before and after", "program": "lean", "events_per_s": floor},
    ]
    return BenchResult("drain", ours["events_per_s"], floor, "events/s to the cloud", cases)


def _lean(database: Path, certificate: Path, events: int) -> float:
    sales = islice(Sales(BACKLOG_TILLS).events(), max(1, round(events * FLOOR_SHARE)))
    lean_drain.fill(database, ((sale.event.id, sale.event.payload) for sale in sales))
    port = free_port()
    with child("edge_gateway.bench.lean_cloud", port, "accept", "silent", certificate):
        rate = lean_drain.drain(database, port, certificate)
    database.unlink()
    return rate


async def _daemon(path: Path, certificate: Path, events: int, *, is_encrypted: bool) -> dict[str, Any]:
    broker = Mosquitto(path / "broker")
    await broker.start()
    port = free_port()
    cloud_section = {"base_url": f"https://127.0.0.1:{port}", "ca_file": certificate}
    daemon = gateway(path / "ours", broker.port, store_id=LIVE_PREFIX, cloud=cloud_section, is_encrypted=is_encrypted)
    try:
        with child("edge_gateway.bench.lean_cloud", port, "accept", "tell", certificate) as cloud:
            arrivals = _Arrivals()
            reading = threading.Thread(target=arrivals.read, args=(cloud,), daemon=True)
            reading.start()
            started_ns = time.monotonic_ns()
            await daemon.start()
            return await asyncio.to_thread(_sell_until_drained, daemon, broker.port, arrivals, events, started_ns)
    finally:
        await daemon.stop()
        await broker.stop()


def _sell_until_drained(
    daemon: GatewayProcess, port: int, arrivals: _Arrivals, events: int, started_ns: int
) -> dict[str, Any]:
    tills = Tills(port, LIVE_PREFIX, LIVE_TILLS, first=BACKLOG_TILLS)  # of other sources than the backlog
    accepted: list[float] = []
    published_ns: dict[str, int] = {}
    seen, seen_at = 0, time.monotonic()
    while arrivals.events - arrivals.live < events:
        if arrivals.events != seen:
            seen, seen_at = arrivals.events, time.monotonic()
        elif time.monotonic() - seen_at > STALL_S_MAX:
            raise RuntimeError(f"the drain stands still: {seen} of {events} events at the cloud")
        now_ns = time.monotonic_ns()
        accepted += tills.sell(1)[0]
        published_ns.update(dict.fromkeys(tills.transaction_ids(), now_ns))
        time.sleep(LIVE_PAUSE_S)
    first_ns, drained_ns = arrivals.first_ns, arrivals.last_ns
    # The last ones are on their way: those that arrived say how long it takes.
    reached = [(arrivals.live_ns[name] - sent) / 1e9 for name, sent in published_ns.items() if name in arrivals.live_ns]
    tills.close()
    return {
        "events_per_s": round(events / (max(1, drained_ns - first_ns) / 1e9)),
        "first_batch_after_start_s": round((first_ns - started_ns) / 1e9, 2),
        "live_sales": len(accepted),
        "live_accept_p50_ms": round(percentile(accepted, 50) * 1000, 1),
        "live_accept_p99_ms": round(percentile(accepted, 99) * 1000, 1),
        "live_at_cloud": len(reached),
        "live_at_cloud_p50_s": round(percentile(reached, 50), 2) if reached else None,
        "live_at_cloud_p99_s": round(percentile(reached, 99), 2) if reached else None,
        "memory_peak_mb": memory_peak_mb(daemon.pid or 0),
    }
