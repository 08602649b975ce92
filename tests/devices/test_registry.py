"""The registry tells every problem of every device at once, and runs what is well formed."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge_gateway.contracts.errors import ConfigError
from edge_gateway.devices.profiles import profile_names
from edge_gateway.devices.registry import build_registry
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.factory import make_transport
from tests.support.clock import FakeClock

SCANNER = {"lane": "lane-1", "profile": "generic-serial-scanner"}
SCALE = {"lane": "lane-1", "profile": "mettler-toledo-8217"}


def problems(*devices: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        build_registry(
            [DeviceSettings.model_validate(device) for device in devices],
            make_transport=make_transport,
            clock=FakeClock(),
            random=Random(1),
            on_event=lambda event: None,
            on_change=lambda supervisor: None,
        )
    return [str(problem) for problem in caught.value.problems]


def test_registry_tells_every_problem_of_every_device_at_once() -> None:
    assert problems(
        SCANNER | {"id": "a", "profile": "generic-serial-scaner", "transport": {}},
        SCANNER
        | {
            "id": "a",
            "transport": {"kind": "serial", "path": "/dev/x", "baud": "fast"},
            "settings": {"suffix": "zz", "y": 2},
        },
        SCALE | {"id": "b", "transport": {"kind": "serial", "path": "/dev/y"}, "settings": {"poll_interval_s": -1}},
        SCALE | {"id": "c", "transport": {"kind": "evdev", "path": "/dev/z"}},
        SCALE | {"id": "d", "transport": {"path": "/dev/z"}},
        SCALE | {"id": "e", "transport": {"kind": "serial"}},
    ) == [
        "device[0].profile = 'generic-serial-scaner': did you mean generic-serial-scanner or "
        "generic-serial-cash-drawer or generic-ble-scanner? "
        f"{len(profile_names())} profiles are known, see docs/devices",
        "device[1].settings.suffix = 'zz': Input should be 'auto', 'cr', 'lf', 'crlf', 'tab', 'etx' or 'none'",
        "device[1].settings.y = 2: no such key here (there are: ages, aim, code_ids, country, duplicate_window_ms, "
        "encoding, frame_bytes_max, idle_gap_ms, prefix, suffix, timezone, variable_measure)",
        "device[1].transport.baud = 'fast': Input should be a valid integer, unable to parse string as an integer",
        "device[2].settings.poll_interval_s = -1: Input should be greater than or equal to 0.02",
        "device[3].transport.kind = 'evdev': expected serial or tcp: how this model is attached",
        "device[4].transport.kind = (missing): expected serial or tcp: how this model is attached",
        "device[5].transport = (a table): expected either path or device: where it is attached",
        "device[1].id = 'a': an id of its own; device[0] has it already",
    ]


def test_registry_refuses_to_forward_what_is_never_said() -> None:
    place = {"kind": "serial", "path": "/dev/x"}
    assert problems(SCANNER | {"id": "a", "transport": place, "forward": ["barcode_scanned", "nonsense"]}) == [
        "device[0].forward[1] = 'nonsense': expected an event of profile generic-serial-scanner: age_checked, "
        "barcode_scanned"
    ]


def test_registry_refuses_a_rate_that_no_port_has() -> None:
    (problem,) = problems(SCANNER | {"id": "a", "transport": {"kind": "serial", "path": "/dev/x", "baud": 9601}})
    assert problem.startswith("device[0].transport.baud = 9601: expected a rate that serial ports have: 50, 75,")


def test_registry_refuses_two_devices_at_one_place_under_two_names(tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    found = problems(
        SCANNER | {"id": "a", "transport": {"kind": "serial", "path": str(tmp_path / "ttyUSB0")}},
        SCALE | {"id": "b", "transport": {"kind": "serial", "path": str(tmp_path / "by-id")}},
    )
    assert found == [
        f"device[1].transport = '{os.path.realpath(tmp_path)}/ttyUSB0': a place of its own; device[0] has it already"
    ]


def test_registry_finds_devices_by_id() -> None:
    registry = build_registry(
        [DeviceSettings.model_validate(SCALE | {"id": "s", "transport": {"kind": "serial", "path": "/dev/s"}})],
        make_transport=make_transport,
        clock=FakeClock(),
        random=Random(1),
        on_event=lambda event: None,
        on_change=lambda supervisor: None,
    )
    found = registry.get("s")
    assert found is not None
    assert found.info["transport"] == "serial /dev/s 9600 7E1", "the profile's settings are taken"
    assert registry.get("t") is None
    assert [supervisor.device_id for supervisor in registry] == ["s"]
