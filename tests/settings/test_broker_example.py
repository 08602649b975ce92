"""The example broker configuration starts a real Mosquitto, and its ACL keeps lanes apart."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from tests.support.broker import MQTT_5, MQTT_311, Broker

CONFIG = Path(__file__).parents[2] / "config"
PASSWORD = "test-only"


class ExampleBroker(Broker):
    """Mosquitto with config/mosquitto.conf as it is, but for its port and its directories."""

    async def _write_config(self) -> Path:
        text = (CONFIG / "mosquitto.conf").read_text(encoding="utf-8")
        directory = self._directory
        text = text.replace("listener 1883 127.0.0.1", f"listener {self.port} {self.host}")
        text = text.replace("/etc/mosquitto/", f"{directory}/").replace("/var/lib/mosquitto/", f"{directory}/")
        text = text.replace("log_dest syslog", f"log_dest file {directory}/mosquitto.log")
        directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(CONFIG / "mosquitto.acl", directory / "edge-gateway.acl")
        _write_passwords(directory / "edge-gateway.passwd")
        path = directory / "mosquitto.conf"
        path.write_text(f"user root\n{text}", encoding="utf-8")
        return path


def _write_passwords(path: Path) -> None:
    for number, user in enumerate(("edge-gateway", "T1", "T2", "monitor")):
        create = ["-c"] if number == 0 else []
        subprocess.run(["mosquitto_passwd", "-b", *create, str(path), user, PASSWORD], check=True, timeout=20)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = ExampleBroker(tmp_path / "broker")
    await broker.start()
    yield broker
    await broker.stop()


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_terminal_commands_only_the_devices_of_its_lane(broker: Broker, version: aiomqtt.ProtocolVersion) -> None:
    async with (
        broker.client(username="edge-gateway", password=PASSWORD) as gateway,
        broker.client(version, username="T1", password=PASSWORD) as terminal,
    ):
        await gateway.subscribe("edge/v1/S001/#")
        for topic in (
            "edge/v1/S001/lane-2/pos_printer/p2/command/print",
            "edge/v1/S001/lane-2/pos/T2/command/submit_transaction",
            "edge/v1/S001/lane-2/pos/T2/state",
            "edge/v1/S001/lane-1/pos/T9/state",
            "edge/v1/S001/lane-1/pos_printer/p1/state",
            "edge/v1/S001/lane-1/pos/T1/state",
            "edge/v1/S001/lane-1/scanner/s1/event/barcode_scanned",
            "edge/v1/S001/gateway/state",
            "edge/v1/S001/lane-1/pos/T1/command/submit_transaction",
            "edge/v1/S001/lane-1/pos_printer/p1/command/print",
        ):
            await terminal.publish(topic, b"{}")
        await gateway.wait_for(lambda message: str(message.topic).endswith("p1/command/print"))
        assert [str(message.topic) for message in gateway.messages] == [
            "edge/v1/S001/lane-1/pos/T1/state",
            "edge/v1/S001/lane-1/pos/T1/command/submit_transaction",
            "edge/v1/S001/lane-1/pos_printer/p1/command/print",
        ]


async def test_terminal_hears_its_lane_and_the_gateway_and_nothing_else(broker: Broker) -> None:
    async with (
        broker.client(username="edge-gateway", password=PASSWORD) as gateway,
        broker.client(username="T1", password=PASSWORD) as terminal,
    ):
        await terminal.subscribe("edge/v1/S001/#")
        for topic in (
            "edge/v1/S001/lane-2/scanner/s2/event/barcode_scanned",
            "edge/v1/S001/lane-2/pos/T2/reply",
            "edge/v1/S001/lane-1/scanner/s1/event/barcode_scanned",
            "edge/v1/S001/lane-1/pos/T1/reply",
            "edge/v1/S001/gateway/state",
        ):
            await gateway.publish(topic, b"{}")
        await terminal.wait_for(lambda message: str(message.topic).endswith("gateway/state"))
        assert [str(message.topic) for message in terminal.messages] == [
            "edge/v1/S001/lane-1/scanner/s1/event/barcode_scanned",
            "edge/v1/S001/lane-1/pos/T1/reply",
            "edge/v1/S001/gateway/state",
        ]


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_terminal_asks_its_devices_and_the_shared_ones_and_hears_their_replies(
    broker: Broker, version: aiomqtt.ProtocolVersion
) -> None:
    """On the default reply topics of the devices, of which a till need not say anything."""
    devices = ("lane-1/pos_printer/p1", "shared/label_printer/l1")
    async with (
        broker.client(username="edge-gateway", password=PASSWORD) as gateway,
        broker.client(version, username="T1", password=PASSWORD) as terminal,
    ):
        await gateway.subscribe("edge/v1/S001/+/+/+/command/+")
        await terminal.subscribe("edge/v1/S001/+/+/+/reply")
        await terminal.publish("edge/v1/S001/shared/pos/T9/command/submit_transaction", b"{}")
        for device in devices:
            await terminal.publish(f"edge/v1/S001/{device}/command/print", b"{}")
        await gateway.wait_for_count(2, "/command/print")
        assert [str(message.topic) for message in gateway.messages] == [
            f"edge/v1/S001/{device}/command/print" for device in devices
        ]
        await gateway.publish("edge/v1/S001/lane-2/pos_printer/p2/reply", b"{}")
        await gateway.publish("edge/v1/S001/shared/pos/T9/reply", b"{}")
        for device in devices:
            await gateway.publish(f"edge/v1/S001/{device}/reply", b"{}")
        await terminal.wait_for_count(2)
        assert [str(message.topic) for message in terminal.messages] == [
            f"edge/v1/S001/{device}/reply" for device in devices
        ]


async def test_stranger_is_refused(broker: Broker) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with broker.client():
            pass


def test_acl_names_the_store_of_the_example_configuration() -> None:
    stores = set(re.findall(r"edge/v1/([^/]+)/", (CONFIG / "mosquitto.acl").read_text(encoding="utf-8")))
    assert stores == {"S001"}
    assert 'id = "S001"' in (CONFIG / "gateway.toml").read_text(encoding="utf-8")
