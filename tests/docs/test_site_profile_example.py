"""The example of a site's profile in docs/configuration.md is a good one, and changes what it says."""

from __future__ import annotations

import re
from pathlib import Path

from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.devices.profiles import find_profile_problems, load_profile
from tests.support.markdown import ROOT


def test_example_of_a_site_profile_can_be_used(tmp_path: Path) -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    [(name, text)] = re.findall(r"^# /etc/edge-gateway/profiles\.d/(\S+)\.toml\n(.*?)^```", page, re.M | re.S)
    (tmp_path / f"{name}.toml").write_text(text)
    assert find_profile_problems(name, [tmp_path]) is None
    packaged, ours = load_profile(name), load_profile(name, [tmp_path])
    assert ours.transport.serial == {**(packaged.transport.serial or {}), "baud": 115200}
    assert ours.match == packaged.match
    assert ours.judge_firmware("PAAABS00-006-R11") is FirmwareStatus.BELOW_MINIMUM
