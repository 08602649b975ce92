"""A profile of the site, changed under the running daemon: taken over, refused, put right; nobody else notices."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from simulators.link import PtyLink
from simulators.serial_scanner import SerialScanner
from tests.support.broker import Broker, BusClient
from tests.support.gateways import STORE_ID, device_status, gateway, serial_scanner

PROFILE = """
name = "site-scanner"
extends = "generic-serial-scanner"
vendor = "Shop"
model = "Scanner at the till"
tier = "experimental"
source = "note of the shop's technician"
[settings]
prefix = "{prefix}"
"""
SCANNED = f"edge/v1/{STORE_ID}/lane-1/scanner/scanner/event/barcode_scanned"

pytestmark = pytest.mark.e2e


def is_scan_of(text: str) -> Callable[[aiomqtt.Message], bool]:
    return lambda found: str(found.topic) == SCANNED and BusClient.json(found)["data"]["text"] == text


@pytest_asyncio.fixture
async def wire(tmp_path: Path) -> AsyncIterator[SerialScanner]:
    scanner = SerialScanner(PtyLink(tmp_path / "port"))
    await scanner.start()
    yield scanner
    await scanner.stop()


async def test_profile_changed_under_the_daemon_is_taken_over_or_refused(
    broker: Broker, wire: SerialScanner, tmp_path: Path
) -> None:
    profile = tmp_path / "profiles.d" / "site-scanner.toml"
    profile.parent.mkdir()
    profile.write_text(PROFILE.format(prefix="auto"))
    devices = [
        {**serial_scanner(tmp_path / "port"), "profile": "site-scanner"},
        serial_scanner(tmp_path / "other", "b"),
    ]
    process = gateway(tmp_path / "gateway", broker.port, devices)
    text = process.config.read_text()
    process.config.write_text(f'profiles_directory = "{profile.parent}"\n{text}')
    await process.start()
    try:
        async with broker.client() as client:
            await client.subscribe(f"edge/v1/{STORE_ID}/#")
            await device_status(process, "scanner", power="online")
            await wire.scan("before")
            await client.wait_for(is_scan_of("before"))

            profile.write_text(PROFILE.format(prefix="no such prefix"))
            process.send_signal(signal.SIGHUP)
            alert = await client.wait_for(lambda found: str(found.topic) == f"edge/v1/{STORE_ID}/alert/warning")
            data = BusClient.json(alert)["data"]
            assert (data["device_id"], data["profile"]) == ("scanner", "site-scanner")
            assert f"{profile}: line 9: settings.prefix" in data["problems"][0]
            await wire.scan("with the old profile")
            await client.wait_for(is_scan_of("with the old profile"))

            profile.write_text(PROFILE.format(prefix="stx"))
            process.send_signal(signal.SIGHUP)
            await device_status(process, "scanner", profile_problems=[], reconnect_count=1, power="online")
            await wire.scan("\x02with the new one")
            await client.wait_for(is_scan_of("with the new one"))
    finally:
        assert await process.stop() == 0
