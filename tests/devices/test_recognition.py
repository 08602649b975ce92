"""What a device is taken for: by its model, else by a HID usage that a standard lays down; and what is never taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_gateway.contracts.attachment import NodeKind
from edge_gateway.devices.attached.claim_rule import judge
from edge_gateway.devices.attached.device import AttachedDevice, Node
from edge_gateway.devices.attached.recognition import OFFERED_FIRST, generic, recognise
from edge_gateway.devices.profiles import Profile, load_profiles
from edge_gateway.settings_discovery import DiscoverySettings

ROOT = Path("/sys/devices/usb1/1-1")
SERIAL, EVDEV = Node(Path("/dev/ttyACM0"), NodeKind.SERIAL, ROOT), Node(Path("/dev/event3"), NodeKind.EVDEV, ROOT)


@pytest.fixture(scope="module")
def profiles() -> list[Profile]:
    return load_profiles()


def attached(*nodes: Node, usb_id: str = "cccc:0001", bus: str = "usb", **said: str) -> AttachedDevice:
    return AttachedDevice(bus, ROOT, "1", identity=f"{bus}:{usb_id}:S1", usb_id=usb_id, nodes=nodes, **said)


def hidraw(*usages: str, number: int = 0) -> Node:
    return Node(Path(f"/dev/hidraw{number}"), NodeKind.HIDRAW, ROOT, usages=usages)


def taken_for(device: AttachedDevice, profiles: list[Profile]) -> tuple[str, str | None] | None:
    """Profile and usage; None: a person has to say."""
    fit = judge(device, DiscoverySettings(), {}, profiles).to_take
    return None if fit is None else (fit.profile.name, fit.usage)


@pytest.mark.parametrize(
    ("usage", "profile"),
    [("8c:02", "generic-hid-pos-scanner"), ("8d:20", "generic-hid-scale"), ("8d:01", "generic-hid-scale")],
)
def test_point_of_sale_usage_is_taken_whoever_made_the_device(
    usage: str, profile: str, profiles: list[Profile]
) -> None:
    assert taken_for(attached(hidraw(usage)), profiles) == (profile, usage)
    assert taken_for(attached(hidraw(usage), bus="bluetooth"), profiles) == (profile, usage)
    verdict = judge(attached(hidraw(usage)), DiscoverySettings(), {}, profiles)
    assert verdict.why == f"profile {profile} is for its HID usage {usage}, whoever made it"


def test_profile_of_the_model_goes_before_the_usage(profiles: list[Profile]) -> None:
    assert taken_for(attached(hidraw("8d:20"), usb_id="0922:8003"), profiles) == ("dymo-m10", None)
    assert taken_for(attached(hidraw("8c:02"), usb_id="1eab:1a10"), profiles) == ("newland-hr22-hid-pos", "8c:02")


def test_model_in_a_mode_that_its_profile_does_not_know_is_read_by_its_usage(profiles: list[Profile]) -> None:
    """0c2e:0b81 is a keyboard where the profile is from; the same maker's HID POS mode answered with that id."""
    device = attached(hidraw("8c:02"), usb_id="0c2e:0b81")
    assert {"evdev"} == {kind for fit in recognise(device, profiles).likely for kind in fit.profile.transport.kinds}
    assert taken_for(device, profiles) == ("generic-hid-pos-scanner", "8c:02")
    as_keyboard = attached(EVDEV, hidraw("01:06"), usb_id="0c2e:0b81")
    assert taken_for(as_keyboard, profiles) == ("honeywell-voyager-1400g", None)


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param((hidraw("8e:01"),), id="card-reader"),
        pytest.param((hidraw("8c:02", "8e:01"),), id="cards-on-the-scanners-node"),
        pytest.param((hidraw("8c:02"), hidraw("8e:01", number=1)), id="cards-on-another-node"),
        pytest.param((EVDEV, hidraw("01:06")), id="keyboard"),
        pytest.param((EVDEV, hidraw("01:06", "8c:02")), id="keys-on-the-scanners-node"),
        pytest.param((hidraw("8c:01"),), id="badge-reader"),
        pytest.param((SERIAL,), id="serial-port"),
    ],
)
def test_cards_keys_and_ports_are_never_taken_by_usage(nodes: tuple[Node, ...], profiles: list[Profile]) -> None:
    assert taken_for(attached(*nodes), profiles) is None


def test_operator_who_takes_only_what_is_configured_is_told_of_the_usage(profiles: list[Profile]) -> None:
    verdict = judge(attached(hidraw("8c:02")), DiscoverySettings(take="configured"), {}, profiles)
    assert verdict.to_take is None
    assert verdict.why.startswith("profile generic-hid-pos-scanner is for its HID usage 8c:02, whoever made it; not")


def test_offers_are_profiles_that_could_speak_over_the_node(profiles: list[Profile]) -> None:
    assert generic(attached(EVDEV, hidraw("01:06")), profiles) == ("generic-wedge-scanner",)
    offered = generic(attached(SERIAL), profiles)
    assert offered[: len(OFFERED_FIRST)] == OFFERED_FIRST
    assert not [name for name in offered if "-hid-" in name or "-ble-" in name]
    why = judge(attached(SERIAL), DiscoverySettings(), {}, profiles).why
    assert f"{' or '.join(OFFERED_FIRST)} or one of {len(offered) - 4} others may fit" in why
