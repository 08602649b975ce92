"""``edge-gateway doctor`` finds what is wrong on a real machine with a real broker, and says what to do."""

from __future__ import annotations

import asyncio
import json
import os
import pty
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import doctor
from edge_gateway.diagnosis.box import check_clock, check_directory, check_disk, check_node
from edge_gateway.diagnosis.findings import Verdict
from edge_gateway.diagnosis.network import check_addresses, check_broker, check_cloud, check_uplinks
from edge_gateway.settings import BusSettings, DeviceSettings, OutboxSettings
from edge_gateway.settings_uplinks import CloudSettings, WebhookSettings
from simulators.cloud import CloudSimulator
from simulators.webhook_receiver import WebhookReceiver, make_secret
from tests.support.broker import Broker

NOW = datetime.now(UTC)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path / "broker", passwords={"gateway": "right"})
    await broker.start()
    yield broker
    await broker.stop()


def test_store_directory_is_there_and_can_be_written(tmp_path: Path) -> None:
    assert check_directory(tmp_path).verdict is Verdict.FINE
    missing = check_directory(tmp_path / "missing")
    assert missing.verdict is Verdict.FAILED
    assert "install -d" in str(missing.remedy)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("limit_bytes", "verdict"),
    [(0, Verdict.FINE), (10**15, Verdict.FAILED)],
)
def test_disk_space_is_compared_with_the_limit_of_the_store(tmp_path: Path, limit_bytes: int, verdict: Verdict) -> None:
    outbox = OutboxSettings(directory=tmp_path / "not" / "yet", disk_free_bytes_min=limit_bytes)
    assert check_disk(outbox).verdict is verdict


def test_clock_in_the_past_is_a_failure() -> None:
    assert check_clock(datetime(1970, 1, 1, tzinfo=UTC)).verdict is Verdict.FAILED
    assert check_clock(NOW).verdict is not Verdict.FAILED


def test_node_of_a_device_is_there_of_the_right_kind_and_has_a_stable_name(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    try:
        stable = tmp_path / "usb-Example-if00"
        stable.symlink_to(os.ttyname(terminal))
        found = check_node("scale", stable)
        assert (found.verdict, found.name) == (Verdict.FINE, "device scale")
        gone = check_node("scale", tmp_path / "usb-Other")
        assert gone.verdict is Verdict.FAILED
        assert "usb-Example-if00" in str(gone.remedy)
        (tmp_path / "file").touch()
        assert check_node("scale", Path("ttyUSB9")).remedy == "give the whole path, such as one under /dev/serial/by-id"
        assert "no device node" in check_node("scale", tmp_path / "file").found
        (tmp_path / "ttyUSB0").symlink_to(stable)
    finally:
        os.close(controller)
        os.close(terminal)


@pytest.mark.parametrize(
    ("username", "password", "verdict", "words"),
    [
        ("gateway", b"right\n", Verdict.FINE, "takes us"),
        ("gateway", b"wrong", Verdict.FAILED, "not authorised"),
        (None, None, Verdict.FAILED, "not authorised"),
    ],
)
async def test_broker_is_asked_with_the_configured_password(
    broker: Broker, tmp_path: Path, username: str | None, password: bytes | None, verdict: Verdict, words: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(password or b"")
    settings = BusSettings(
        host=broker.host, port=broker.port, username=username, password_file=secret if password else None
    )
    finding = await check_broker(settings)
    assert finding.verdict is verdict
    assert words in finding.found


async def test_broker_that_is_away_or_something_else_is_told() -> None:
    away = await check_broker(BusSettings(port=1))
    assert away.verdict is Verdict.FAILED
    assert "refused" in away.found

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        assert "is this an MQTT port" in (await check_broker(BusSettings(port=port))).found


async def test_device_with_an_address_is_connected_and_sent_nothing() -> None:
    received = asyncio.Queue[bytes]()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await received.put(await reader.read())
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as printer:
        port = printer.sockets[0].getsockname()[1]
        device = DeviceSettings(
            id="p", lane="l", profile="x", transport={"kind": "tcp", "host": "127.0.0.1", "port": port}
        )
        [finding] = await check_addresses([device])
        assert finding.verdict is Verdict.FINE
        assert await asyncio.wait_for(received.get(), 10) == b""
    [finding] = await check_addresses([device])
    assert finding.verdict is Verdict.FAILED


async def test_doctor_says_whether_the_cloud_takes_who_we_are(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wrong")
    async with CloudSimulator() as cloud:
        oauth = {"token_url": cloud.token_url, "client_id": cloud.client_id, "client_secret_file": tmp_path / "secret"}
        commands = {"public_key_file": tmp_path / "keys.pem"}
        settings = CloudSettings.model_validate({"base_url": cloud.url, "oauth": oauth, "commands": commands})
        now = datetime.now(UTC)
        found = {each.name: each for each in await check_cloud(settings, now)}
        assert found["cloud"].verdict is Verdict.FINE
        assert found["cloud credentials"].verdict is Verdict.FAILED
        assert "refuses this client (401)" in found["cloud credentials"].found
        assert found["cloud commands"].verdict is Verdict.FAILED
        (tmp_path / "secret").write_text(cloud.client_secret)
        (tmp_path / "keys.pem").write_text(cloud.commands.public_key)
        assert {each.verdict for each in await check_cloud(settings, now)} == {Verdict.FINE}


async def test_doctor_says_whether_other_uplinks_can_be_reached(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(make_secret())
    async with WebhookReceiver([make_secret()]) as receiver:
        hook = WebhookSettings(kind="webhook", name="hook", url=receiver.url, secret_file=tmp_path / "secret")
        [there] = await check_uplinks([hook], "S001")
        assert (there.name, there.verdict) == ("uplink hook", Verdict.FINE)
    [away] = await check_uplinks([hook], "S001")
    assert away.verdict is Verdict.FAILED
    assert receiver.counters["requests"] == 0


async def test_cloud_is_asked_and_the_clocks_are_compared() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        date = NOW.strftime("%a, %d %b %Y %H:%M:%S GMT").encode()
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\nDate: " + date + b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        cloud = CloudSettings(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert [finding.verdict for finding in await check_cloud(cloud, NOW)] == [Verdict.FINE, Verdict.FINE]
        late = await check_cloud(cloud, NOW - timedelta(hours=3))
        assert [finding.verdict for finding in late] == [Verdict.FINE, Verdict.FAILED]
        assert "set the clock" in str(late[1].remedy)
    [away] = await check_cloud(cloud, NOW)
    assert away.verdict is Verdict.FAILED
    [none] = await check_cloud(None, NOW)
    assert none.verdict is Verdict.WARNING


def _app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    doctor.register(app)
    return app


def test_doctor_prints_each_finding_with_its_remedy_and_exits_1(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f"[store]\nid='S1'\n[bus]\nport=1\n[outbox]\ndirectory='{tmp_path}'\n")
    done = CliRunner().invoke(_app(), ["doctor", "--config", str(config)])
    assert done.exit_code == 1, done.output
    assert "FAILED   broker: 127.0.0.1:1" in done.output
    assert "-> start it: systemctl start mosquitto" in done.output
    assert "ok       store directory" in done.output
    done = CliRunner().invoke(_app(), ["doctor", "--config", str(config), "--json"])
    document = json.loads(done.stdout)
    assert document["is_fine"] is False
    assert {finding["name"] for finding in document["findings"]} >= {"configuration", "broker", "cloud", "clock"}


def test_doctor_without_a_usable_configuration_exits_2(tmp_path: Path) -> None:
    done = CliRunner().invoke(_app(), ["doctor", "--config", str(tmp_path / "none.toml")])
    assert done.exit_code == 2
    assert "No such file" in done.output
