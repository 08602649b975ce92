"""A device that a profile names is plugged into a running gateway: on the bus under an id that stays, and listed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from edge_gateway.app import Gateway
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.settings import GatewaySettings
from edge_gateway.world import World
from simulators.mosquitto import free_port
from tests.support.broker import Broker, BusClient
from tests.support.pty import DevicePty
from tests.support.sysfs import FakeBox, Part
from tests.support.waiting import wait_until

PROFILE = """
name = "acme-scan"
extends = "generic-serial-scanner"
vendor = "Acme"
model = "Scan"
tier = "experimental"
source = "tests/e2e/test_hot_plugged.py"
[match]
usb_ids = ["fee1:0001"]
"""
BACK_S_MAX = 2.0
BASE = "edge/v1/S001"
DEVICE = f"{BASE}/lane-9/scanner/scanner-fee1-0001-S1"

pytestmark = pytest.mark.e2e


class Box:
    """A gateway on a box of its own; ``pty`` is its one scanner."""

    def __init__(self, root: Path) -> None:
        self.box = FakeBox(root / "box")
        (root / "profiles.d").mkdir()
        (root / "profiles.d" / "acme-scan.toml").write_text(PROFILE)
        (root / "outbox").mkdir()
        self.pty = DevicePty(root / "wire")
        self.status_port = free_port()
        self.root = root

    def settings(self, broker: Broker) -> GatewaySettings:
        return GatewaySettings.model_validate(
            {
                "store": {"id": "S001"},
                "bus": {"host": broker.host, "port": broker.port},
                "outbox": {"directory": self.root / "outbox", "disk_free_bytes_min": 0},
                "status": {"port": self.status_port},
                "profiles_directory": self.root / "profiles.d",
                "discovery": {"lane": "lane-9"},
            }
        )

    def plug(self, port: str, name: str) -> None:
        part = Part("tty", far_end=self.pty.path)
        self.box.plug_usb(port, "fee1:0001", [(part, name)], serial="S1", manufacturer="Acme", product="Scan")

    async def listed(self) -> list[dict[str, Any]]:
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{self.status_port}/devices/attached")
        found: list[dict[str, Any]] = answer.json()["devices"]
        return found


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path / "broker")
    await broker.start()
    yield broker
    await broker.stop()


def newest(client: BusClient, topic: str) -> Any:
    found = [message.payload for message in client.messages if str(message.topic) == topic]
    return json.loads(bytes(found[-1])) if found and found[-1] else None


def ports(client: BusClient) -> list[str]:
    return [each["port"] for each in newest(client, f"{BASE}/gateway/attached")["devices"]]


async def test_device_is_on_the_bus_when_it_is_plugged_in_and_the_same_in_another_socket(
    broker: Broker, tmp_path: Path
) -> None:
    shop, stop = Box(tmp_path), asyncio.Event()
    gateway = Gateway(shop.settings(broker), World(make_inventory=lambda: Inventory(shop.box.sysfs)))
    running = asyncio.create_task(gateway.run(stop))
    async with broker.client() as client:
        await client.subscribe(f"{BASE}/#")
        await wait_until(lambda: newest(client, f"{BASE}/gateway/attached") is not None, what="an empty list")
        for port, name in (("1-1", "ttyACM0"), ("1-3.2", "ttyACM4")):
            shop.plug(port, name)
            plugged_s = time.monotonic()
            await wait_until(lambda: (newest(client, f"{DEVICE}/state") or {}).get("power") == "online")
            assert time.monotonic() - plugged_s < BACK_S_MAX
            shop.pty.write(b"4006381333931\r\n")
            await client.wait_for(lambda message: str(message.topic) == f"{DEVICE}/event/barcode_scanned")
            client.messages[:] = [each for each in client.messages if "event" not in str(each.topic)]
            assert newest(client, f"{DEVICE}/info")["profile"] == "acme-scan"
            [seen] = await shop.listed()
            assert (seen["claim"], seen["device_ids"], seen["port"]) == ("taken", ["scanner-fee1-0001-S1"], port)
            await wait_until(
                lambda port=port: (
                    [each["port"] for each in newest(client, f"{BASE}/gateway/attached")["devices"]] == [port]
                )
            )
            shop.box.pull(port)
            shop.pty.unplug()
            await wait_until(lambda: newest(client, f"{DEVICE}/state")["power"] == "off")
            shop.pty.plug()
    stop.set()
    await running


async def test_device_that_was_taken_goes_on_counting_after_a_restart(broker: Broker, tmp_path: Path) -> None:
    shop = Box(tmp_path)
    shop.plug("1-1", "ttyACM0")
    for run in range(1, 3):
        stop = asyncio.Event()
        gateway = Gateway(shop.settings(broker), World(make_inventory=lambda: Inventory(shop.box.sysfs)))
        running = asyncio.create_task(gateway.run(stop))
        async with broker.client() as client:
            await client.subscribe(f"{DEVICE}/#")
            await wait_until(lambda client=client: (newest(client, f"{DEVICE}/state") or {}).get("power") == "online")  # type: ignore[misc]
            shop.pty.write(b"4006381333931\r\n")
            await client.wait_for(lambda message: str(message.topic) == f"{DEVICE}/event/barcode_scanned")
            statistics = gateway._registry.get("scanner-fee1-0001-S1").statistics  # type: ignore[union-attr]
            assert statistics.values(["GoodScanCount"]) == {"GoodScanCount": run}
        stop.set()
        await running
