"""The unit and its friends, as systemd's own tools see them."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "edge-gateway.service"
EXPOSURE_MAX = 20
"""In tenths, as ``systemd-analyze security --threshold`` counts; the score is 0.0 (best) to 10.0."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (./dev test installs it)"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is installed here too; verify looks for it."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/edge-gateway/bin/edge-gateway", "/bin/true"))
    return copy


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False)


@needs_systemd
def test_unit_has_no_mistakes(unit: Path) -> None:
    done = _analyze("verify", "--man=no", unit)
    ours = [line for line in done.stderr.splitlines() if "edge-gateway" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
def test_unit_exposes_little(unit: Path) -> None:
    done = _analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", unit)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is not installed (./dev test installs it)"
)
def test_sysusers_makes_every_user_and_group_that_the_unit_names(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    config = SYSTEMD / "edge-gateway.sysusers.conf"
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", config], capture_output=True, timeout=60, check=True)
    groups = {line.split(":")[0] for line in (tmp_path / "etc/group").read_text().splitlines()}
    users = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    text = UNIT.read_text()
    wanted = re.findall(r"^(?:Supplementary)?Groups?=(.*)$", text, re.MULTILINE)
    assert {group for line in wanted for group in line.split()} <= groups
    assert set(re.findall(r"^User=(.*)$", text, re.MULTILINE)) <= users


def test_unit_keeps_its_promises() -> None:
    """What the daemon relies on; a change here is a change of docs/store-it.md too."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their case
    parser.read(UNIT)
    service = parser["Service"]
    assert service["Type"] == "notify"
    assert service["Restart"] == "always"
    assert int(service["WatchdogSec"]) > 0
    assert int(service["TimeoutStopSec"]) >= 5
    assert "PYTHONSAFEPATH=1" in service["Environment"].split()
    assert "PrivateDevices" not in service
    assert {"AF_NETLINK", "AF_BLUETOOTH"} <= set(service["RestrictAddressFamilies"].split())
    assert parser["Unit"]["StartLimitIntervalSec"] == "0"
