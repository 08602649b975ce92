"""weigh: from a weight laid on a simulated scale to the event at a separate MQTT client; beside the leanest reader.

Both programs poll a simulated Toledo 8217 of their own every 100 ms, at the same time and under one broker, and are
given weights in turn, at a random moment of their poll, so that both meet the same noise. The clock is CLOCK_MONOTONIC,
which is one for all processes of a machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from edge_gateway.bench.children import child, line_of
from edge_gateway.bench.gateways import gateway
from edge_gateway.bench.result import BenchResult, percentile
from simulators.link import PtyLink
from simulators.mosquitto import Mosquitto
from simulators.toledo_8217 import Toledo8217Scale

POLL_S: Final = 0.1
WARM_UP_CHANGES: Final = 20
GRAMS_MAX: Final = 14_000
LEAN_TOPIC: Final = "edge/v1/BENCH/lean/scale/lean/event/weight_changed"
SEED: Final = 8217
"""Of the moments at which weights are laid down."""


async def run(changes: int) -> BenchResult:
    """``changes`` for each program. The headline: p95."""
    with tempfile.TemporaryDirectory(prefix="bench-weigh-") as directory:
        latencies = await _measure(Path(directory), changes)
    cases: list[dict[str, Any]] = [
        {
            "case": f"{POLL_S * 1000:.0f} ms poll",
            "program": program,
            "changes": len(measured),
            "p50_ms": round(percentile(measured, 50), 2),
            "p95_ms": round(percentile(measured, 95), 2),
            "max_ms": round(max(measured), 2),
        }
        for program, measured in zip(("edge-gateway", "lean: asyncio, add_reader"), latencies, strict=True)
    ]
    return BenchResult("weigh", cases[0]["p95_ms"], cases[1]["p95_ms"], "ms p95, plate to another process", cases)


async def _measure(directory: Path, changes: int) -> tuple[list[float], list[float]]:
    broker = Mosquitto(directory / "broker")
    await broker.start()
    ours, lean = (Toledo8217Scale(PtyLink(directory / name)) for name in ("ours", "lean"))
    await ours.start()
    await lean.start()
    try:
        daemon = gateway(directory / "gateway", broker.port, store_id="BENCH", devices=[_scale(directory / "ours")])
        await daemon.start()
        try:
            await daemon.wait_devices_online()
            topics = "edge/v1/BENCH/+/scale/+/event/weight_changed"
            with (
                child("edge_gateway.bench.bus_listener", broker.port, topics) as listener,
                child("edge_gateway.bench.lean_weigh", directory / "lean", broker.port, LEAN_TOPIC),
            ):
                return await _lay_down((("lane-1", ours), ("lean", lean)), listener, changes)
        finally:
            await daemon.stop()
    finally:
        await ours.stop()
        await lean.stop()
        await broker.stop()


def _scale(path: Path) -> dict[str, Any]:
    """The configured device."""
    return {
        "id": "scale",
        "lane": "lane-1",
        "profile": "mettler-toledo-8217",
        "transport": {"kind": "serial", "path": path},
        "settings": {"poll_interval_s": POLL_S},
    }


async def _lay_down(
    scales: Sequence[tuple[str, Toledo8217Scale]], listener: subprocess.Popen[str], changes: int
) -> tuple[list[float], list[float]]:
    """One weight at a time, programs in turn; milliseconds from the plate to the arrival, per program."""
    moments = random.Random(SEED)
    latencies: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP_CHANGES + changes):
        weight = Decimal(number % GRAMS_MAX + 1).scaleb(-3)
        for (lane, scale), measured in zip(scales, latencies, strict=True):
            await asyncio.sleep(moments.uniform(0, POLL_S))
            start = time.monotonic_ns()
            scale.put(weight)
            arrival = await asyncio.to_thread(_arrival_of, listener, lane, weight)
            if number >= WARM_UP_CHANGES:
                measured.append((arrival - start) / 1e6)
    return latencies


def _arrival_of(listener: subprocess.Popen[str], lane: str, weight: Decimal) -> int:
    """The listener's instant of ``weight``; what came before the first change is passed over."""
    while True:
        instant, topic, payload = line_of(listener).split(" ", 2)
        told = json.loads(payload)
        told = told.get("data", told)
        if f"/{lane}/" in topic and told["weight"] == str(weight):
            return int(instant)
