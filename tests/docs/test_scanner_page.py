"""The examples of ``docs/scanners.md`` are what the driver says."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from drivers.barcode_scanner import BarcodeScanner
from drivers.serial_scanner import SerialScanner, SerialScannerSettings
from edge_gateway.devices.resolving import resolve_devices
from edge_gateway.schemas.payloads.scanners import BarcodeScannedData
from edge_gateway.settings import DeviceSettings, StoreSettings
from tests.support.clock import FakeClock
from tests.support.markdown import ROOT
from tests.support.sessions import RecordingSession

PAGE = (ROOT / "docs" / "scanners.md").read_text("utf-8")
STAMPED = {"device_id", "lane", "epoch", "sequence"}
_BLOCK = re.compile(r"^```jsonl scans\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def scans() -> list[dict[str, Any]]:
    return [json.loads(line) for block in _BLOCK.findall(PAGE) for line in block.splitlines()]


@pytest.mark.parametrize("scan", scans(), ids=lambda scan: scan["code"])
def test_scan_on_the_page_is_what_the_driver_says(scan: dict[str, Any]) -> None:
    session = RecordingSession(FakeClock())
    driver: BarcodeScanner = SerialScanner(session, SerialScannerSettings.model_validate(scan.get("settings", {})))
    driver.data_received(scan["sent"].encode("latin-1") + b"\r\n")
    [(name, data)] = session.events
    assert name == "barcode_scanned"
    assert {key: value for key, value in data.items() if key != "raw_base64"} == scan["data"]
    BarcodeScannedData.model_validate({**data, "device_id": "s", "lane": "lane-1", "epoch": 1, "sequence": 1})


def test_page_tells_every_field_of_a_scan() -> None:
    table = PAGE.partition("## `age_checked`")[0]
    missing = [name for name in BarcodeScannedData.model_fields if name not in STAMPED and f"`{name}`" not in table]
    assert not missing


def device_examples() -> list[str]:
    pages = (PAGE, (ROOT / "docs" / "store-it.md").read_text("utf-8"))
    blocks = [block for page in pages for block in re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]
    return [block for block in blocks if "[[device]]" in block and "scanner" in block]


@pytest.mark.parametrize("block", device_examples())
def test_device_on_the_page_is_taken_as_it_stands(block: str) -> None:
    devices = [DeviceSettings.model_validate(device) for device in tomllib.loads(block)["device"]]
    assert resolve_devices(devices)


def test_rules_on_the_configuration_page_are_taken_as_they_stand() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    [block] = re.findall(r"^```toml\n(\[\[store\.variable_measure\]\].*?)^```$", page, re.MULTILINE | re.DOTALL)
    store = StoreSettings.model_validate({"id": "S1", **tomllib.loads(block)["store"]})
    assert [rule.kind for rule in store.variable_measure] == ["price", "weight"]
