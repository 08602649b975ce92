"""The store in a box, by its installed command, from another folder."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).parent / "edge-gateway"
DEMO_TIMEOUT_S = 240.0

pytestmark = pytest.mark.e2e


async def _run(directory: Path, *options: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        COMMAND, "demo", "--headless", *options, cwd=directory, stdout=PIPE, stderr=STDOUT
    )
    async with asyncio.timeout(DEMO_TIMEOUT_S):
        output, _ = await process.communicate()
    return process.returncode, output.decode(errors="replace")


async def _demo(directory: Path, *options: str) -> dict[str, Any]:
    report = directory / "report.json"
    code, output = await _run(directory, "--report", str(report), *options)
    assert code == 0, output
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


async def test_demo_says_which_port_is_in_use(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, output = await _run(tmp_path, "--seconds", "5", "--broker-port", port)
    assert code == 1
    assert f"port {port} for the broker is in use" in output


async def test_demo_ends_in_order_at_ctrl_c_and_leaves_no_process(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        COMMAND, "demo", "--headless", "--directory", tmp_path / "store", stdout=PIPE, stderr=STDOUT, cwd=tmp_path
    )
    addresses = tmp_path / "store" / "addresses.json"
    async with asyncio.timeout(DEMO_TIMEOUT_S):
        while not addresses.exists():  # noqa: ASYNC110 - written by another process
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()
    assert b"finishing the sales in hand" in output
    mentioned = [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _read(entry)]
    assert not mentioned


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
