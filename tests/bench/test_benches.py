"""Each benchmark, tiny: it runs to its end and answers in its shape. How fast anything was is not looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.bench import (
    accept,
    backlog,
    cloud_trouble,
    codecs,
    drain,
    durable_append,
    print_path,
    scan_latency,
    weigh,
)
from edge_gateway.bench.result import BenchResult

pytestmark = pytest.mark.e2e


def _checked(name: str, result: BenchResult) -> list[dict[str, Any]]:
    """Its cases, after what holds for every benchmark was checked."""
    body = json.loads(json.dumps(result.to_json()))
    assert set(body) == {"name", "ratio", "ours", "floor", "unit", "cases"}
    assert body["name"] == name
    assert body["ours"] > 0
    assert body["floor"] > 0
    assert body["ratio"] == pytest.approx(body["ours"] / body["floor"], abs=0.001)
    cases: list[dict[str, Any]] = body["cases"]
    return cases


async def test_durable_append_tells_rate_and_bytes_of_both_programs(tmp_path: Path) -> None:
    result = await durable_append.run(0.1, producers=(10, 1), directory=tmp_path)
    cases = _checked("durable-append", result)
    assert len(cases) == 18
    assert cases[0]["case"] == "encrypted, own disk, 10 producers"
    assert [case["program"] for case in cases[:3]] == [
        "edge-gateway",
        "bare collector",
        "bare collector, rising ids, repeats not seen",
    ]
    # A packed payload is written to the WAL at least.
    assert all(case["bytes_written_per_payload_byte"] > 0.1 for case in cases)
    assert not list(tmp_path.iterdir())


async def test_accept_tells_rate_and_latency_of_both_programs(tmp_path: Path) -> None:
    cases = _checked("accept", await accept.run(20, tills=(1, 2), directory=tmp_path))
    assert [(case["case"], case["program"]) for case in cases] == [
        ("1 tills", "edge-gateway"),
        ("1 tills", "lean: committed, then answered"),
        ("2 tills", "edge-gateway"),
        ("2 tills", "lean: committed, then answered"),
    ]
    assert all(case["sales"] == 20 and case["p99_ms"] >= case["p50_ms"] > 0 for case in cases)


async def test_backlog_tells_latency_at_each_size_and_when_the_drain_resumes(tmp_path: Path) -> None:
    cases = _checked("backlog", await backlog.run(10, 0.5, rows=(0, 50, 500), directory=tmp_path))
    assert [case["case"] for case in cases] == [
        "0 rows pending",
        "50 rows pending",
        "500 rows pending",
        "cloud returns",
    ]
    assert all(case["appends"] == 10 and case["memory_mb"] > 0 for case in cases[:3])
    assert cases[3]["first_batch_after_s"] > 0


async def test_drain_tells_of_backlog_and_live_sales(tmp_path: Path) -> None:
    cases = _checked("drain", await drain.run(1500, directory=tmp_path))
    assert cases[0]["live_sales"] > 0
    assert cases[0]["memory_peak_mb"] > 0


async def test_cloud_trouble_tells_the_difference_to_a_healthy_cloud(tmp_path: Path) -> None:
    cases = _checked("cloud-trouble", await cloud_trouble.run(10, directory=tmp_path))
    assert [case["case"] for case in cases] == ["cloud healthy", "cloud dead", "cloud stalled", "cloud refusing"]
    assert cases[0]["p50_difference_ms"] == 0


async def test_scan_latency_tells_both_modes_and_programs() -> None:
    cases = _checked("scan-latency", await scan_latency.run(10))
    assert len(cases) == 4


async def test_weigh_tells_latency_of_both_programs() -> None:
    cases = _checked("weigh", await weigh.run(10))
    assert [case["program"] for case in cases] == ["edge-gateway", "lean: asyncio, add_reader"]
    assert all(case["changes"] == 10 and case["max_ms"] >= case["p95_ms"] >= case["p50_ms"] > 0 for case in cases)


async def test_codecs_tells_the_rate_of_every_codec() -> None:
    cases = _checked("codecs", await codecs.run(0.001))
    told = {(case["case"], case["direction"]) for case in cases}
    assert {("scale/toledo-8217", "device->host"), ("scale/dialog-06", "host->device")} <= told
    assert all(case["frames_per_s"] > 0 for case in cases)


async def test_print_tells_bytes_times_rate_and_loop_lag_of_both_programs() -> None:
    cases = _checked("print", await print_path.run(1, 3, 0.5))
    assert [case["program"] for case in cases] == [
        "edge-gateway",
        "bare: open, write",
        "edge-gateway",
        "lines joined",
        "edge-gateway",
        "bare socket",
        *["edge-gateway", "a bare loop"] * 2,
    ]
    wire, bare_wire, rendering, _, rate, bare_rate, well, _, stalled, bare_loop = cases
    assert wire["bytes"] == bare_wire["bytes"] == rendering["bytes"] <= 2560
    assert min(wire["p50_s"], bare_wire["p50_s"]) >= wire["wire_limit_s"] * 0.9
    assert rate["jobs_per_s"] > 0 < bare_rate["jobs_per_s"]
    assert [well["case"], stalled["case"]] == ["all printers well", "two printers stalled"]
    assert stalled["is_tcp_window_closed"]
    assert stalled["tcp_send_queue_bytes"] > 0
    assert min(each["receipts"] for each in (well, stalled)) > 0 < min(each["scans"] for each in (well, stalled))
    assert all(each["loop_lag_p99_ms"] >= each["loop_lag_p50_ms"] for each in (well, stalled, bare_loop))
