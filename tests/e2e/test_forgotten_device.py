"""A device that was taken and is gone is forgotten by command: nothing stays of it on the bus, on disk, in counts."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_gateway.app import Gateway
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.memory import Memory
from edge_gateway.world import World
from tests.e2e.test_hot_plugged import BASE, DEVICE, Box, broker, newest
from tests.support.broker import Broker
from tests.support.waiting import wait_until

ID = "scanner-fee1-0001-S1"
COMMAND = Path(sys.executable).parent / "edge-gateway"

__all__ = ["broker"]
pytestmark = pytest.mark.e2e


async def forget(config: Path, device_id: str = ID) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "devices", "forget", device_id, "--config", config), stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@asynccontextmanager
async def gateway(shop: Box, broker: Broker) -> AsyncIterator[Gateway]:
    stop = asyncio.Event()
    made = Gateway(shop.settings(broker), World(make_inventory=lambda: Inventory(shop.box.sysfs)))
    running = asyncio.create_task(made.run(stop))
    try:
        yield made
    finally:
        stop.set()
        await running


def write_config(shop: Box, broker: Broker) -> Path:
    config = shop.root / "gateway.toml"
    config.write_text(
        f'profiles_directory = "{shop.root}/profiles.d"\n[store]\nid = "S001"\n'
        f'[bus]\nport = {broker.port}\n[outbox]\ndirectory = "{shop.root}/outbox"\ndisk_free_bytes_min = 0\n'
        f'[status]\nport = {shop.status_port}\n[discovery]\nlane = "lane-9"\n'
        '[[device]]\nid = "mine"\nlane = "lane-1"\nprofile = "generic-serial-scanner"\n'
        'transport = { kind = "serial", path = "/dev/none" }\n'
    )
    return config


async def use(shop: Box, broker: Broker, made: Gateway, port: str) -> None:
    """Plugged in, one code scanned, pulled out."""
    async with broker.client() as client:
        await client.subscribe(f"{BASE}/#")
        if shop.pty.master < 0:
            shop.pty.plug()
        shop.plug(port, "ttyACM0")
        await wait_until(lambda: (newest(client, f"{DEVICE}/state") or {}).get("power") == "online", what="online")
        assert made._registry.get(ID) is not None
        shop.pty.write(b"4006381333931\r\n")
        await client.wait_for(lambda message: str(message.topic) == f"{DEVICE}/event/barcode_scanned")
        assert good_scans(made) == 1, "it counts from nothing"


def good_scans(made: Gateway) -> float:
    device = made._registry.get(ID)
    assert device is not None
    return device.statistics.values()["GoodScanCount"]


async def pull(shop: Box, broker: Broker, port: str) -> None:
    async with broker.client() as client:
        await client.subscribe(f"{BASE}/#")
        shop.box.pull(port)
        shop.pty.unplug()
        await wait_until(lambda: (newest(client, f"{DEVICE}/state") or {}).get("power") == "off", what="off")
        await wait_until(lambda: newest(client, f"{BASE}/gateway/attached")["devices"] == [], what="not listed")


async def retained(broker: Broker) -> list[str]:
    """Topics of the device that a new client is told of."""
    async with broker.client() as client:
        await client.subscribe(f"{BASE}/+/+/{ID}/#")
        await client.subscribe("marker")
        await client.publish("marker", b"")  # comes after what is retained
        await client.wait_for(lambda message: str(message.topic) == "marker")
        return [str(message.topic) for message in client.messages if message.retain]


async def test_device_that_is_away_is_forgotten_while_the_gateway_runs(broker: Broker, tmp_path: Path) -> None:
    shop = Box(tmp_path)
    config = write_config(shop, broker)
    async with gateway(shop, broker) as made:
        await use(shop, broker, made, "1-1")
        code, words = await forget(config)
        assert code == 1
        assert "is attached in socket 1-1: pull it out first, or add 'usb:fee1:0001:S1' to ignore" in words
        assert made._registry.get(ID) is not None
        await pull(shop, broker, "1-1")
        assert sorted(await retained(broker)) == [f"{DEVICE}/info", f"{DEVICE}/state"]
        assert await forget(config) == (0, f"{ID} is forgotten\n")
        assert made._registry.get(ID) is None
        assert Memory.read(tmp_path / "outbox").taken == []
        assert await retained(broker) == []
        code, words = await forget(config)
        assert (code, words) == (2, f"no device {ID} is remembered; remembered are: none\n")
        code, words = await forget(config, "mine")
        assert code == 1
        assert words == f"mine is configured: take its [[device]] out of {config} and restart the gateway\n"
        await use(shop, broker, made, "1-2")


async def test_device_that_is_away_is_forgotten_while_no_gateway_runs(broker: Broker, tmp_path: Path) -> None:
    shop = Box(tmp_path)
    config = write_config(shop, broker)
    async with gateway(shop, broker) as made:
        await use(shop, broker, made, "1-1")
        await pull(shop, broker, "1-1")
    assert sorted(await retained(broker)) == [f"{DEVICE}/info", f"{DEVICE}/state"]
    code, words = await forget(config, "scanner-none")
    assert (code, words) == (2, f"no device scanner-none is remembered; remembered are: {ID}\n")
    assert await forget(config) == (0, f"{ID} is forgotten; what it counted goes when the gateway starts\n")
    assert await retained(broker) == []
    async with gateway(shop, broker) as made:
        await wait_until(lambda: Memory.read(tmp_path / "outbox").forgotten == [], what="done with at the start")
        assert made._registry.get(ID) is None
        await use(shop, broker, made, "1-1")


async def test_device_is_forgotten_without_broker_and_its_topics_go_at_the_next_start(
    broker: Broker, tmp_path: Path
) -> None:
    shop = Box(tmp_path)
    config = write_config(shop, broker)
    other = tmp_path / "other.toml"
    other.write_text(config.read_text().replace(f"port = {broker.port}", "port = 1"))
    async with gateway(shop, broker) as made:
        await use(shop, broker, made, "1-1")
        await pull(shop, broker, "1-1")
        code, words = await forget(other)
        assert code == 1
        assert "already in use by process" in words
        assert "start the broker" in words
    code, words = await forget(other)
    assert code == 0
    assert f"{ID} is forgotten. The broker at 127.0.0.1:1 was not reached" in words
    assert len(await retained(broker)) == 2
    async with gateway(shop, broker):
        async with asyncio.timeout(10.0):
            while await retained(broker):  # noqa: ASYNC110 - the broker is asked
                await asyncio.sleep(0.05)
