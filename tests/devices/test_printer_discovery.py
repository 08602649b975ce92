"""USB printers are taken by their exact ids; what another one is, it is not asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_gateway.contracts.attached_report import Claim
from edge_gateway.devices.attached.adoption import adopt
from edge_gateway.devices.attached.claim_rule import judge, take_as
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.profiles import load_profiles
from edge_gateway.settings_discovery import DiscoverySettings
from tests.support.sysfs import FakeBox, Part

PROFILES = load_profiles()


@pytest.fixture
def box(tmp_path: Path) -> FakeBox:
    return FakeBox(tmp_path / "box")


def attached(box: FakeBox, usb_id: str, product: str, node: str | None, **more: str) -> Inventory:
    parts = [(Part("usbmisc"), node)] if node else []
    box.plug_usb("1-1", usb_id, parts, product=product, printer_protocols=(2,), **more)  # type: ignore[arg-type]
    inventory = Inventory(box.sysfs)
    inventory.refresh()
    return inventory


@pytest.mark.parametrize("node", ["lp0", None], ids=["usblp", "no driver"])
@pytest.mark.parametrize(
    ("usb_id", "product", "profile"),
    [
        ("04b8:0202", "TM-T20", "epson-tm-t20"),
        ("04b8:0202", "TM-T88V", "epson-tm-usb"),
        ("04b8:0e15", "TM-T20II", "epson-tm-t20"),
    ],
)
def test_printer_is_taken_by_its_exact_id(
    box: FakeBox, usb_id: str, product: str, profile: str, node: str | None
) -> None:
    (device,) = attached(box, usb_id, product, node, serial="J5")
    verdict = judge(device, DiscoverySettings(), {}, PROFILES)
    assert (verdict.claim, verdict.profiles[0]) == (Claim.TAKEN, profile)
    assert verdict.to_take is not None
    assert take_as(device, verdict.to_take, "lane-1") == {
        "id": f"pos_printer-{usb_id.replace(':', '-')}-J5",
        "lane": "lane-1",
        "profile": profile,
        "transport": {"kind": "usb_printer", "device": f"usb:{usb_id}:J5"},
    }


def test_printer_that_nobody_knows_is_offered_and_left_alone(box: FakeBox) -> None:
    (device,) = attached(box, "1fc9:2016", "USB Printer P", "lp0")
    verdict = judge(device, DiscoverySettings(), {}, PROFILES)
    assert (verdict.claim, verdict.to_take) == (Claim.POSSIBLE, None)
    assert "generic-escpos" in verdict.profiles
    made = adopt(device, PROFILES, profile_name="generic-escpos")
    assert 'transport = { kind = "usb_printer", device = "usb-port:' in made.section
