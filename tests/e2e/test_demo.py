"""The store in a box, by its installed command, from another folder."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).parent / "edge-gateway"
DEMO_TIMEOUT_S = 240.0

pytestmark = pytest.mark.e2e


async def _demo(directory: Path, *options: str) -> dict[str, Any]:
    report = directory / "report.json"
    process = await asyncio.create_subprocess_exec(
        COMMAND, "demo", "--headless", "--report", report, *options, cwd=directory, stdout=PIPE, stderr=STDOUT
    )
    async with asyncio.timeout(DEMO_TIMEOUT_S):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode(errors="replace")
    found: dict[str, Any] = json.loads(report.read_text())
    return found


async def test_demo_sells_on_both_lanes_and_loses_nothing(tmp_path: Path) -> None:
    report = await _demo(tmp_path, "--seconds", "8", "--seed", "1")
    assert report["lost"] == 0
    assert report["duplicated"] == 0
    assert report["transactions_delivered"] == report["transactions_accepted"] == report["transactions_submitted"] > 0
    for lane in report["lanes"].values():
        assert min(lane["scans_seen"], lane["weights"], lane["prints_completed"], lane["accepted"]) > 0, lane
        assert lane["scans_lost"] == lane["conflicts"] == 0, lane
    assert report["printer_errors"] == []
    assert report["scan_to_bus_ms_p50"] > 0
    assert report["gateway_rss_mb"] > 0


async def test_demo_under_chaos_loses_nothing_and_applies_nothing_twice(tmp_path: Path) -> None:
    report = await _demo(tmp_path, "--seconds", "30", "--chaos", "--seed", "3")
    assert report["faults"]["kills"] > 0, report["faults"]
    assert report["lost"] == 0, report["lost_ids"]
    assert report["duplicated"] == 0
    assert report["transactions_accepted"] > 0
    assert report["cloud"]["conflicts"] == 0
