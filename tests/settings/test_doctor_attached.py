"""``edge-gateway doctor`` looks at the nodes of what is attached and used, and of nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.diagnosis.attached import RULES, check_attached
from edge_gateway.diagnosis.findings import Finding, Verdict
from edge_gateway.settings import GatewaySettings
from tests.support.sysfs import HID_POS_SCANNER, FakeBox, Part

PROFILE = """
name = "acme-hid"
extends = "generic-serial-scanner"
vendor = "Acme"
model = "Scan"
tier = "experimental"
source = "tests/settings/test_doctor_attached.py"
[transport.hidraw]
[match]
usb_ids = ["fee1:0003"]
"""


@pytest.fixture
def box(tmp_path: Path) -> FakeBox:
    made = FakeBox(tmp_path / "box", has_udev=True)
    made.plug_usb("1-1", "0403:6001", [(Part("tty"), "ttyUSB0")], serial="A9X1")
    made.plug_usb("1-2", "fee1:0003", [(Part("hidraw", 0, HID_POS_SCANNER), "hidraw0")], serial="H1")
    made.plug_usb("1-3", "fee1:0009", [(Part("tty"), "ttyACM0")], serial="U1")
    (tmp_path / "acme-hid.toml").write_text(PROFILE)
    return made


def look(box: FakeBox, tmp_path: Path, *selectors: str) -> dict[str, Finding]:
    devices = [
        {
            "id": f"scale-{number}",
            "lane": "lane-1",
            "profile": "mettler-toledo-8217",
            "transport": {"kind": "serial", "device": one},
        }
        for number, one in enumerate(selectors)
    ]
    settings = GatewaySettings.model_validate(
        {"store": {"id": "S001"}, "profiles_directory": tmp_path, "device": devices}
    )
    inventory = Inventory(box.sysfs)
    inventory.refresh()
    return {finding.name: finding for finding in check_attached(settings, inventory)}


def test_doctor_finds_configured_devices_wherever_they_are(box: FakeBox, tmp_path: Path) -> None:
    found = look(box, tmp_path, "usb:0403:6001:A9X1", "usb:0403:6001:GONE")
    assert found["device scale-0"].verdict is Verdict.FINE
    assert found["device scale-0"].found == f"usb:0403:6001:A9X1 (now {box.dev}/ttyUSB0)"
    assert found["device scale-1"].verdict is Verdict.FAILED
    assert "usb:0403:6001:GONE is not attached" in found["device scale-1"].found
    assert set(found) == {"device scale-0", "device scale-1"}, "of what nobody uses, nothing is said"


def test_doctor_says_which_rule_is_missing(box: FakeBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, who may open everything.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(Path, "group", lambda path: "root" if path.name == "hidraw0" else "dialout")
    found = look(box, tmp_path, "usb:0403:6001:A9X1")
    assert "group dialout (usermod -a -G)" in str(found["device scale-0"].remedy)
    assert found["attached usb:fee1:0003:H1"].verdict is Verdict.FAILED
    assert found["attached usb:fee1:0003:H1"].remedy == RULES
    assert "attached usb:fee1:0009:U1" not in found


def test_doctor_warns_of_clones_and_of_a_box_without_udev(tmp_path: Path) -> None:
    box = FakeBox(tmp_path / "box")
    for port in ("1-1", "1-2"):
        box.plug_usb(port, "fee1:0009", [(Part("tty"), f"ttyACM{port[-1]}")], serial="SAME")
    found = look(box, tmp_path)
    assert found["hot plug"].verdict is Verdict.WARNING
    assert sum("attached twice" in finding.found for finding in found.values()) == 2
