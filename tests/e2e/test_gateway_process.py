"""The daemon as systemd sees it: start, stop, exit codes, and what it does beside a second one."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts import log_events
from simulators.cloud.simulator import CloudSimulator
from simulators.gateway_process import GatewayProcess
from simulators.link import PtyLink
from simulators.serial_scanner import SerialScanner
from tests.support.broker import Broker, BusClient, wait_until
from tests.support.disks import fill, tmpfs
from tests.support.gateways import EVENTUALLY_S, STORE_ID, device_status, gateway, serial_scanner
from tests.support.http_far_end import Exchange, http_far_end
from tests.support.transactions import example

SUBMIT = f"edge/v1/{STORE_ID}/lane-1/pos/T1/command/submit_transaction"
REPLIES = f"edge/v1/{STORE_ID}/lane-1/pos/T1/reply"
STOP_S_MAX = 5.0
EXIT_TIMEOUT_S = 30.0
COMMAND = Path(sys.executable).parent / "edge-gateway"
SUBMIT_ATTEMPTS = 20

pytestmark = pytest.mark.e2e


def sale(transaction_id: str, **changes: Any) -> dict[str, Any]:
    """Valid, at the till that SUBMIT names."""
    place = {"store_id": STORE_ID, "lane": "lane-1", "terminal_id": "T1"}
    return example(transaction_id=transaction_id, **place, **changes)


@asynccontextmanager
async def running(*gateways: GatewayProcess) -> AsyncIterator[None]:
    try:
        for each in gateways:
            await each.start()
        yield
    finally:
        for each in gateways:
            await each.stop()


async def run_to_its_end(process: GatewayProcess) -> tuple[int, str]:
    """Exit code and log of a gateway that is expected to give up by itself."""
    await process.start(wait_ready=False)
    await wait_until(lambda: process.returncode is not None, timeout_s=EXIT_TIMEOUT_S)
    assert process.returncode is not None
    return process.returncode, process.log_file.read_text()


def events_of(log_file: Path, event: str) -> list[Mapping[str, Any]]:
    lines = [json.loads(line) for line in log_file.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


async def submit(client: BusClient, transaction: Mapping[str, Any], request_id: str) -> Mapping[str, Any]:
    """As a till does it: again until the reply is here. The gateway may not have subscribed yet."""
    for _ in range(SUBMIT_ATTEMPTS):
        await client.publish(SUBMIT, {"id": request_id, "params": {"transaction": transaction}})
        try:
            message = await client.wait_for(
                lambda found: str(found.topic) == REPLIES and BusClient.json(found)["id"] == request_id, timeout_s=1.0
            )
        except TimeoutError:
            continue
        reply: Mapping[str, Any] = BusClient.json(message)
        return reply
    raise AssertionError(f"{request_id}: no reply to {SUBMIT_ATTEMPTS} attempts")


async def wait_until_ready(process: GatewayProcess) -> None:
    async with asyncio.timeout(EVENTUALLY_S):
        while await process.get("/readyz") is None:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def bus_is_connected(process: GatewayProcess) -> None:
    """The gateway has subscribed: what is published from now on reaches it."""
    deadline = asyncio.get_running_loop().time() + EVENTUALLY_S
    while asyncio.get_running_loop().time() < deadline:
        status = await process.status()
        if status is not None and status["bus"]["is_connected"]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the gateway did not connect to its broker")


async def test_second_gateway_on_one_database_says_so_and_exits_1(broker: Broker, tmp_path: Path) -> None:
    first = gateway(tmp_path / "first", broker.port)
    second = gateway(tmp_path / "second", broker.port, outbox=tmp_path / "first" / "outbox")
    async with running(first):
        code, log = await run_to_its_end(second)
        assert code == 1
        assert str(first.pid) in log
        assert "in use" in log
        assert await first.get("/readyz") is not None


async def test_second_gateway_on_one_port_reports_it_busy_and_the_first_notices_nothing(
    broker: Broker, tmp_path: Path
) -> None:
    scanner = SerialScanner(PtyLink(tmp_path / "port"))
    await scanner.start()
    first = gateway(tmp_path / "first", broker.port, [serial_scanner(tmp_path / "port")])
    second = gateway(
        tmp_path / "second", broker.port, [serial_scanner(tmp_path / "port")], sections={"store": {"id": "T002"}}
    )
    async with broker.client() as client, running(first):
        await client.subscribe("edge/v1/+/+/scanner/+/event/#")
        await device_status(first, "scanner", power="online")
        async with running(second):
            found = await device_status(second, "scanner", power="off")
            assert "busy: held by another process" in found["reason"], found
            for number in range(20):
                await scanner.scan(f"code-{number}")
            scans = await client.wait_for_count(20, "/barcode_scanned")
        assert [BusClient.json(scan)["data"]["text"] for scan in scans] == [f"code-{number}" for number in range(20)]
        assert {str(scan.topic).split("/")[2] for scan in scans} == {STORE_ID}
        assert (await device_status(first, "scanner"))["reconnect_count"] == 0
    await scanner.stop()


async def test_sigterm_ends_within_5_s_and_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    process = gateway(tmp_path / "box", broker.port)
    async with broker.client() as client:
        await client.subscribe(REPLIES)
        await process.start()
        await bus_is_connected(process)
        for number in range(50):
            body = {"id": f"r{number}", "params": {"transaction": sale(f"sale-{number}")}}
            await client.publish(SUBMIT, body)
        await client.wait_for_count(5, "/reply")
        started = time.monotonic()
        assert await process.stop() == 0
        assert time.monotonic() - started < STOP_S_MAX
        accepted = {
            reply["result"]["transaction_id"]
            for reply in map(BusClient.json, client.on("/reply"))
            if reply["status"] == "accepted"
        }
    command = [COMMAND, "outbox", "export", "--pending", "--directory", tmp_path / "box" / "outbox"]
    export = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    output, _ = await export.communicate()
    assert export.returncode == 0
    events = [json.loads(line)["event"] for line in output.splitlines()]
    kept = {event["data"]["transaction"]["transaction_id"] for event in events if "transaction" in event["data"]}
    assert accepted <= kept
    audited = {event["data"]["transaction_id"] for event in events if event["type"].endswith(".weight_sold.v1")}
    assert audited == kept, "each of them sold a weight"
    assert accepted


async def test_gateway_starts_without_broker_and_cloud_and_delivers_when_they_come(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker")
    await broker.start()
    await broker.stop()
    cloud = CloudSimulator()
    await cloud.start()
    await cloud.stop()
    secret = tmp_path / "secret"
    secret.write_text(cloud.client_secret)
    oauth = {"token_url": cloud.token_url, "client_id": cloud.client_id, "client_secret_file": secret}
    process = gateway(
        tmp_path / "box",
        broker.port,
        sections={"cloud": {"base_url": cloud.url, "oauth": oauth, "retry_s_max": 1.0}},
    )
    async with running(process):
        status = await process.status()
        assert status is not None
        assert status["health"]["status"] == "degraded"
        await broker.start()
        async with broker.client() as client:
            await client.subscribe(REPLIES)
            state = f"edge/v1/{STORE_ID}/gateway/state"
            await client.subscribe(state)
            await client.wait_for(
                lambda found: str(found.topic) == state and BusClient.json(found)["state"] == "online", timeout_s=20.0
            )
            reply = await submit(client, sale("sale-1"), "r1")
            assert reply["status"] == "accepted"
            await cloud.start()
            await wait_until(lambda: "sale-1" in cloud.ledger.event_ids_by_transaction, timeout_s=30.0)
    await cloud.stop()
    await broker.stop()


async def test_repeat_is_answered_and_stored_once_also_after_kill(broker: Broker, tmp_path: Path) -> None:
    process = gateway(tmp_path / "box", broker.port)
    async with broker.client() as client, running(process):
        await client.subscribe(REPLIES)
        first = await submit(client, sale("sale-1"), "r1")
        await process.kill()
        await process.start()
        again = await submit(client, sale("sale-1"), "r2")
        other = await submit(client, sale("sale-1", notes="another"), "r3")
        status = await process.status()
    assert first["status"] == again["status"] == "accepted"
    assert first["result"] == again["result"]
    assert other["status"] == "failed"
    assert other["error"]["code"] == "conflict"
    assert status is not None
    assert status["outbox"]["streams"]["transactions"]["pending"] == 1


async def test_full_disk_refuses_loudly_and_devices_go_on(broker: Broker, tmp_path: Path) -> None:
    scanner = SerialScanner(PtyLink(tmp_path / "port"))
    await scanner.start()
    full = {"outbox": {"disk_free_bytes_min": 1 << 60}}
    process = gateway(tmp_path / "box", broker.port, [serial_scanner(tmp_path / "port")], sections=full)
    async with broker.client() as client, running(process):
        await client.subscribe(REPLIES)
        await client.subscribe("edge/v1/+/alert/+")
        await client.subscribe("edge/v1/+/+/scanner/+/event/#")
        reply = await submit(client, sale("sale-1"), "r1")
        assert reply["status"] == "failed"
        assert reply["error"]["code"] == "storage_full"
        assert reply["error"]["retryable"] is True
        await device_status(process, "scanner", power="online")
        await scanner.scan("4006381333931")
        await client.wait_for_count(1, "/barcode_scanned")
        await alert(client, "critical", "store_full")
    await scanner.stop()


async def test_scans_give_way_to_sales_when_room_is_short(broker: Broker, tmp_path: Path) -> None:
    scanner = SerialScanner(PtyLink(tmp_path / "port"))
    await scanner.start()
    short = {"outbox": {"disk_free_bytes_min": int(shutil.disk_usage(tmp_path).free * 0.7)}}
    process = gateway(tmp_path / "box", broker.port, [serial_scanner(tmp_path / "port")], sections=short)
    async with broker.client() as client, running(process):
        await client.subscribe(REPLIES)
        await client.subscribe("edge/v1/+/+/scanner/+/event/#")
        await device_status(process, "scanner", power="online")
        await scanner.scan("4006381333931")
        await client.wait_for_count(1, "/barcode_scanned")
        assert (await submit(client, sale("sale-1"), "r1"))["status"] == "accepted"
        status = await process.status()
        assert status is not None
        assert status["health"]["status"] == "degraded"
        assert any("room is short: events are not kept" in reason["text"] for reason in status["health"]["reasons"])
        assert status["counters"]["events"]["dropped:storage_full"] == 1
        assert status["gateway"]["is_ready"]
    await scanner.stop()


async def test_corrupt_database_is_set_aside_and_the_day_goes_on(broker: Broker, tmp_path: Path) -> None:
    process = gateway(tmp_path / "box", broker.port)
    database = tmp_path / "box" / "outbox" / "outbox.db"
    database.write_bytes(b"this is no database" * 1000)
    async with broker.client() as client:
        await client.subscribe(REPLIES)
        await client.subscribe("edge/v1/+/alert/+")
        await check_day_after_damage(process, client)
    assert list(database.parent.glob("outbox.db.corrupt-*"))


async def check_day_after_damage(process: GatewayProcess, client: BusClient) -> None:
    async with running(process):
        assert (await submit(client, sale("sale-1"), "r1"))["status"] == "accepted"
        status = await process.status()
        assert status is not None
        assert status["health"]["status"] == "degraded"
        assert any("set aside" in reason["text"] for reason in status["health"]["reasons"])
        assert "outbox.db.corrupt-" in (await alert(client, "critical", "store_set_aside"))["kept_as"]


async def test_sale_that_the_cloud_refuses_alarms_a_person(broker: Broker, tmp_path: Path) -> None:
    """With the event's name and the cloud's words, on the alert topic of the store."""

    async def refuse(exchange: Exchange) -> None:
        events = json.loads(gzip.decompress(exchange.body) if "content-encoding" in exchange.headers else exchange.body)
        results = [{"id": each["id"], "status": "rejected", "error": "we do not like it"} for each in events]
        await exchange.answer(200, json.dumps({"results": results}).encode())

    async with http_far_end(refuse) as cloud, broker.client() as client:
        process = gateway(tmp_path / "box", broker.port, sections={"cloud": {"base_url": cloud.url()}})
        await client.subscribe(REPLIES)
        await client.subscribe("edge/v1/+/alert/+")
        async with running(process):
            reply = await submit(client, sale("sale-1"), "r1")
            data = await alert(client, "critical", "event_dead_lettered")
    assert (data["stream"], data["count"], data["event_id"]) == ("transactions", 1, reply["result"]["event_id"])
    assert "we do not like it" in data["text"]


async def alert(client: BusClient, severity: str, name: str) -> Mapping[str, Any]:
    """Its data, as soon as it is on the bus."""
    message = await client.wait_for(
        lambda found: (
            str(found.topic) == f"edge/v1/{STORE_ID}/alert/{severity}"
            and BusClient.json(found)["type"] == f"com.edge-gateway.alert.{name}.v1"
        )
    )
    data: Mapping[str, Any] = BusClient.json(message)["data"]
    return data


async def test_database_of_a_newer_version_is_refused_naming_both(broker: Broker, tmp_path: Path) -> None:
    import sqlite3

    process = gateway(tmp_path / "box", broker.port)
    async with running(process):
        pass
    database = sqlite3.connect(tmp_path / "box" / "outbox" / "outbox.db")
    database.execute("PRAGMA user_version = 999")
    database.close()
    code, log = await run_to_its_end(process)
    assert code == 1
    assert "999" in log
    assert "newer" in log


async def test_configuration_with_ten_errors_exits_2_and_lists_all(tmp_path: Path) -> None:
    process = gateway(tmp_path / "box", 1883)
    process.config.write_text(
        '[store]\nid = "a b"\ntimezone = "Mars/Olympus"\n[bus]\nport = 70000\nkeepalive_s = 1\nprot = 1\n[outbox]\n'
        'bytes_max = 5\n[status]\nport = -1\n[log]\nlevel = "loud"\nformat = "xml"\n[cloud]\nbase_url = "ftp://x"\n'
    )
    code, log = await run_to_its_end(process)
    assert code == 2
    for key in (
        "store.id", "store.timezone", "bus.port", "bus.keepalive_s", "bus.prot", "outbox.bytes_max", "status.port",
        "log.level", "log.format", "cloud.base_url",
    ):  # fmt: skip
        assert key in log, key


async def test_device_pulled_and_put_back_is_used_again_within_2_s(broker: Broker, tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "port")
    scanner = SerialScanner(link)
    await scanner.start()
    process = gateway(tmp_path / "box", broker.port, [serial_scanner(tmp_path / "port")])
    async with broker.client() as client, running(process):
        await client.subscribe("edge/v1/+/+/scanner/+/event/#")
        await device_status(process, "scanner", power="online")
        link.unplug()
        found = await device_status(process, "scanner", power="off")
        assert str(tmp_path / "port") in found["reason"]
        link.plug()
        await device_status(process, "scanner", power="online")
        await scanner.scan("4006381333931")
        await client.wait_for_count(1, "/barcode_scanned")
        assert len(events_of(process.log_file, log_events.DEVICE_LOST)) == 1
    await scanner.stop()


async def test_broker_killed_and_back_is_used_again(broker: Broker, tmp_path: Path) -> None:
    process = gateway(tmp_path / "box", broker.port)
    async with running(process):
        await broker.kill()
        await broker.start()
        async with broker.client() as client:
            await client.subscribe(REPLIES)
            await client.subscribe(f"edge/v1/{STORE_ID}/gateway/state")
            await client.wait_for(lambda found: BusClient.json(found).get("state") == "online", timeout_s=20.0)
            assert (await submit(client, sale("sale-1"), "r1"))["status"] == "accepted"


async def test_kill_in_the_middle_of_submits_keeps_every_accepted_one(broker: Broker, tmp_path: Path) -> None:
    process = gateway(tmp_path / "box", broker.port)
    accepted: set[str] = set()
    async with broker.client() as client, running(process):
        await client.subscribe(REPLIES)
        for round_number in range(3):
            await bus_is_connected(process)
            for number in range(40):
                name = f"{round_number}-{number}"
                await client.publish(SUBMIT, {"id": name, "params": {"transaction": sale(name)}})
            await client.wait_for_count(len(accepted) + 10, "/reply", timeout_s=20.0)
            process.send_signal(signal.SIGKILL)
            await process.kill()
            accepted = {reply["id"] for reply in map(BusClient.json, client.on("/reply"))}
            await process.start()
            status = await process.status()
            assert status is not None
            assert status["outbox"]["streams"]["transactions"]["pending"] >= len(accepted)


async def test_disk_without_a_free_byte_at_start_stops_no_scanner_and_heals(broker: Broker, tmp_path: Path) -> None:
    scanner = SerialScanner(PtyLink(tmp_path / "port"))
    await scanner.start()
    disk = tmp_path / "disk"
    with tmpfs(disk, "300k"):
        filler = disk / "filler"
        process = gateway(tmp_path / "box", broker.port, [serial_scanner(tmp_path / "port")], outbox=disk / "outbox")
        fill(filler)
        async with broker.client() as client:
            await client.subscribe(REPLIES)
            await client.subscribe("edge/v1/+/+/scanner/+/event/#")
            await process.start(wait_ready=False)
            try:
                await device_status(process, "scanner", power="online")
                await scanner.scan("4006381333931")
                await client.wait_for_count(1, "/barcode_scanned")
                refused = await submit(client, sale("sale-1"), "r1")
                assert refused["error"]["code"] == "storage_full", refused
                assert await process.get("/readyz") is None
                filler.unlink()
                await wait_until_ready(process)
                assert (await submit(client, sale("sale-1"), "r2"))["status"] == "accepted"
            finally:
                await process.stop()
    await scanner.stop()
