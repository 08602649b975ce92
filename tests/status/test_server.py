"""The status server over real HTTP: what people and monitors ask, and what happens when it cannot listen."""

from __future__ import annotations

import asyncio
import signal
import socket
from datetime import datetime

import httpx2
import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts import log_events
from edge_gateway.contracts.states import Health
from edge_gateway.settings import StatusSettings
from edge_gateway.status import server as server_module
from edge_gateway.status.api import build_api
from edge_gateway.status.server import StatusServer
from edge_gateway.status.source import Snapshot
from tests.status.snapshots import ChangingSource, bus, gateway, outbox, snapshot, uplink

WITHIN_S = 20.0


async def test_livez_answers_while_the_loop_turns(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_readyz_does_not_depend_on_broker_and_cloud(client: httpx2.AsyncClient, source: ChangingSource) -> None:
    source.current = snapshot(bus=bus(is_connected=False), uplinks=(uplink(health=Health.UNHEALTHY),))
    assert (await client.get("/readyz")).status_code == 200


async def test_readyz_of_a_ready_gateway_gathers_no_devices(client: httpx2.AsyncClient, source: ChangingSource) -> None:
    before = source.asked
    assert (await client.get("/readyz")).status_code == 200
    assert source.asked == before


async def test_readyz_says_why_transactions_cannot_be_taken(client: httpx2.AsyncClient, source: ChangingSource) -> None:
    source.current = snapshot(
        gateway=gateway(is_ready=False, state="starting"), outbox=outbox(is_open=False, reason="disk full")
    )
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "disk full" in answer.json()["detail"]


async def test_status_is_the_snapshot(client: httpx2.AsyncClient, source: ChangingSource) -> None:
    answer = await client.get("/status")
    assert Snapshot.model_validate(answer.json()) == source.current
    assert answer.json()["time"].endswith("Z")
    assert datetime.fromisoformat(answer.json()["time"]) == source.current.time


async def test_metrics_carry_units_labels_and_the_process(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    for line in (
        'edge_gateway_build_info{store="S001",version="1.2.3"} 1.0',
        "edge_gateway_uptime_seconds 12.5",
        'edge_gateway_health{health="healthy"} 1.0',
        'edge_gateway_device_online{class="scale",device="lane1-scale",lane="lane-1"} 1.0',
        'edge_gateway_device_firmware{class="scale",device="lane1-scale",lane="lane-1",status="approved",'
        'version="1.10"} 1.0',
        'edge_gateway_device_firmware_drift{class="scale",device="lane1-scale",lane="lane-1"} 0.0',
        'edge_gateway_device_reconnects_total{class="scale",device="lane1-scale",lane="lane-1"} 2.0',
        'edge_gateway_device_disconnects_total{class="scale",device="lane1-scale",lane="lane-1"} 3.0',
        'edge_gateway_device_claimed{class="scale",device="lane1-scale",lane="lane-1"} 1.0',
        'edge_gateway_device_claimed{class="pos_printer",device="lane1-printer",lane="lane-1"} 0.0',
        'edge_gateway_device_statistic_total{class="scale",device="lane1-scale",lane="lane-1",'
        'statistic="HoursPoweredCount"} 12.25',
        "edge_gateway_bus_connected 1.0",
        'edge_gateway_outbox_pending_events{stream="transactions"} 3.0',
        'edge_gateway_outbox_delivered_events_total{stream="transactions"} 120.0',
        'edge_gateway_component_events_total{component="bus",kind="dropped",reason="queue_full"} 1.0',
    ):
        assert line in answer.text.splitlines()
    assert "process_resident_memory_bytes" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 404, None),
        ("GET", "/docs", 404, None),
        ("GET", "/status/../../etc/passwd", 404, None),
        ("POST", "/status", 405, "GET"),
        ("DELETE", "/metrics", 405, "GET"),
        ("TRACE", "/livez", 405, "GET"),
    ],
)
async def test_what_is_no_part_of_the_interface_is_a_problem_document(
    client: httpx2.AsyncClient, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("allow") == allow
    assert answer.json()["status"] == status


async def test_port_in_use_is_logged_once_and_taken_when_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "RETRY_S", 0.02)
    with capture_logs() as logs, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = StatusServer(StatusSettings(port=port), ChangingSource())
        running = asyncio.create_task(server.run())
        async with asyncio.timeout(WITHIN_S):
            while not logs:  # noqa: ASYNC110 - the log has no event to wait for
                await asyncio.sleep(0)
            assert server.port is None
            other.close()
            assert await server.wait_until_listening() == port
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [entry["event"] for entry in logs] == [log_events.STATUS_SERVER_FAILED, log_events.STATUS_SERVER_STARTED]
    assert "in use" in logs[0]["error"]


async def test_server_leaves_signals_to_the_daemon_and_stops_in_time_with_a_client_connected() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    server = StatusServer(StatusSettings(port=0), ChangingSource())
    running = asyncio.create_task(server.run())
    port = await asyncio.wait_for(server.wait_until_listening(), WITHIN_S)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    running.cancel()
    async with asyncio.timeout(4.0):
        await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/status", "/metrics", "/openapi.json"])
async def test_head_is_answered_as_get_without_the_body(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_raw_bytes_are_told_on_the_box_alone(client: httpx2.AsyncClient, source: ChangingSource) -> None:
    found = (await client.get("/devices/lane1-scale/raw", params={"after": 1})).json()
    assert [chunk["sequence"] for chunk in found["chunks"]] == [2, 3]
    assert (await client.get("/devices/lane1-msr/raw")).status_code == 404
    elsewhere = httpx2.ASGITransport(app=build_api(source), client=("192.0.2.7", 40000))
    async with httpx2.AsyncClient(transport=elsewhere, base_url="http://gateway") as remote:
        refused = await remote.get("/devices/lane1-scale/raw")
    assert (refused.status_code, refused.json()["detail"]) == (403, "raw bytes are told only on the box itself")
