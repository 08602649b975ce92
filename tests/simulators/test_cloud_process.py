"""The simulated cloud starts, stops, keeps its port and its ledger; alone, and as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import httpx2
import pytest

from simulators.cloud import CloudSimulator, main
from tests.support.cloud_client import cloud_client, event, sale_event


async def test_cloud_keeps_port_and_ledger_over_a_restart() -> None:
    cloud = CloudSimulator()
    await cloud.start()
    await cloud.start()
    url = cloud.url
    async with cloud_client(cloud) as client:
        await client.send(event("e1"))
        await cloud.stop()
        await cloud.stop()
        with pytest.raises(httpx2.ConnectError):
            await client.post([event("e1")])
        await cloud.start()
        assert cloud.url == url
        # Tokens are forgotten: clients have to ask for a new one.
        assert (await client.post([event("e1")])).status_code == 401
    async with cloud_client(cloud) as client:
        assert await client.send(event("e1"), event("e2")) == [("e1", "duplicate"), ("e2", "accepted")]
    await cloud.stop()


async def test_ledger_file_survives_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    journal = tmp_path / "ledger.jsonl"
    async with CloudSimulator(ledger_path=journal) as cloud, cloud_client(cloud) as client:
        await client.send(sale_event("e1", "S001-T1-1"), event("e2"), {"id": "bad"})
        await client.send(event("e2"), event("e2", data={}))
        before = cloud.ledger.summary()
    with journal.open("a") as file:
        file.write('{"what": "appl')
    async with CloudSimulator(ledger_path=journal) as cloud, cloud_client(cloud) as client:
        assert cloud.ledger.summary() == before
        assert await client.send(sale_event("e1", "S001-T1-1")) == [("e1", "duplicate")]
        before = cloud.ledger.summary()
    async with CloudSimulator(ledger_path=journal) as cloud:
        assert cloud.ledger.summary() == before


async def test_port_that_is_taken_is_an_error() -> None:
    async with CloudSimulator() as cloud:
        with pytest.raises(OSError, match="in use"):
            await CloudSimulator(port=cloud.port).start()


async def test_process_serves_until_sigterm() -> None:
    arguments = ["-m", "edge_gateway", "simulate", "cloud", "--port", "0"]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        started = json.loads(await process.stdout.readline())
        async with httpx2.AsyncClient(base_url=started["url"]) as http:
            assert (await http.get("/oracle/summary")).json()["events_received"] == 0
        process.send_signal(signal.SIGTERM)
        assert json.loads(await process.stdout.readline())["events_applied"] == 0
        assert await process.wait() == 0


async def test_command_talks_to_a_cloud_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    async with CloudSimulator() as cloud, cloud_client(cloud) as client:
        at = ["--at", cloud.url]
        fault = ["--fault", "500", "--fault-requests", "1", "--fault-probability", "1"]
        assert await asyncio.to_thread(main, [*at, *fault]) == 0
        assert (await client.post([event("e1")])).status_code == 500
        assert await client.send(event("e1")) == [("e1", "accepted")]
        capsys.readouterr()
        assert await asyncio.to_thread(main, at) == 0
        assert json.loads(capsys.readouterr().out)["events_applied"] == 1
        url = cloud.url
    assert await asyncio.to_thread(main, ["--at", url]) == 1
    assert url in capsys.readouterr().err
