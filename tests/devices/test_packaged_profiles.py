"""Every packaged profile can be used as it is, says where it comes from, and claims nothing that is another's."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.devices.profile_files import ProfileFiles
from edge_gateway.devices.profile_model import Match
from edge_gateway.devices.profiles import find_profile_problems, load_profile, profile_names
from edge_gateway.devices.resolving import resolve_devices
from edge_gateway.settings import DeviceSettings
from protocols.decoding import find_protocols
from tests.support import device_pages

RECORDINGS = Path(__file__).parents[1] / "recordings"
MODELS_MIN = 60
"""What the gateway promises to know at least, without the generic profiles and the families."""
GENERIC = ("any", "Generic")

PLACES: dict[str, dict[str, Any]] = {
    "serial": {"path": "/dev/serial/by-id/usb-example"},
    "tcp": {"host": "192.0.2.1", "port": 9100},
    "evdev": {"path": "/dev/input/by-id/usb-example-event-kbd"},
    "hidraw": {"path": "/dev/hidraw0"},
    "usb_printer": {"device": "usb:04b8:0202:J5CF012345"},
    "ble": {"address": "F0:F1:F2:F3:F4:F5"},
    "rfcomm": {"address": "00:11:62:AA:BB:CC"},
    "gpio": {"lines": {"drawer": {"line": "GPIO17", "direction": "output"}}},
    "printer": {"printer": "printer-1"},
}


@pytest.mark.parametrize("name", profile_names())
def test_profile_can_be_used_as_it_is(name: str) -> None:
    """Driver, settings, transports, capabilities and ids are good; the protocol, the page and the proof exist."""
    assert (problems := find_profile_problems(name)) is None, str(problems)
    profile = load_profile(name)
    assert profile.codec in find_protocols(), "decode and the recordings know the protocol by this name"
    for kind in profile.transport.kinds:
        resolve_devices([DeviceSettings(id="x", lane="x", profile=name, transport={"kind": kind} | PLACES[kind])])
    assert (device_pages.DEVICES / f"{name}.md").is_file(), "run ./dev docs"
    if profile.tier == "verified":
        assert profile.recording is not None
        assert "source: hardware" in (RECORDINGS / profile.recording).read_text("utf-8").split("\n\n")[0]


def test_usb_id_leads_to_one_profile_for_each_way_to_attach_it() -> None:
    """Unless a further field of the match tells them apart."""
    claimed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name in profile_names():
        profile = load_profile(name)
        further = profile.match.model_dump_json(exclude={"usb_ids"})
        for usb_id in profile.match.usb_ids:
            for kind in profile.transport.kinds:
                claimed[usb_id, kind, further].append(name)
    assert {key: names for key, names in claimed.items() if len(names) > 1} == {}


def test_site_can_override_every_packaged_profile(tmp_path: Path) -> None:
    for name in profile_names():
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\nextends = "packaged:{name}"\n')
    for name in profile_names():
        assert load_profile(name, [tmp_path]).model_dump(exclude={"extends"}) == load_profile(name).model_dump(
            exclude={"extends"}
        )


def test_models_are_as_many_as_promised_and_mostly_short() -> None:
    """A model of a known family has some ten lines: what is longer belongs into its family."""
    models = [profile for name in profile_names() if (profile := load_profile(name)).vendor not in GENERIC]
    scanners_and_scales = {each.model for each in models if each.device_class.value in {"scanner", "scale"}}
    assert len(scanners_and_scales) >= MODELS_MIN
    lines = sorted(
        len([line for line in file.text.splitlines() if line.strip()])
        for profile in models
        if (file := ProfileFiles().find(profile.name)) is not None and profile.extends
    )
    assert lines[len(lines) // 2] <= 15


def test_match_is_refused_that_says_nothing() -> None:
    with pytest.raises(ValueError, match="stands before any device"):
        Match(usb_ids=("1a86:7523",))
    assert Match(usb_ids=("1a86:7523",), product=("Acme Scale*",)).product == ("Acme Scale*",)
