"""A site's profiles go over the packaged ones; what is wrong with one is said in full."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.errors import ConfigError
from edge_gateway.devices.profiles import load_profile, profile_names
from edge_gateway.devices.resolving import resolve_devices
from edge_gateway.settings import DeviceSettings

PLACES: dict[str, dict[str, Any]] = {
    "serial": {"path": "/dev/serial/by-id/usb-example"},
}

SITE_PROFILE = """
name = "{name}"
vendor = "Shop"
model = "Scanner at the till"
device_class = "scanner"
driver = "drivers.serial_scanner:SerialScanner"
codec = "scanner/rs232-plain"
tier = "experimental"
source = "note of the shop's technician"
[transport.serial]
baud = 115200
[settings]
suffix = "tab"
"""


def test_profiles_of_a_site_go_over_the_packaged_ones(tmp_path: Path) -> None:
    name = "generic-serial-scanner"
    (tmp_path / f"{name}.toml").write_text(SITE_PROFILE.format(name=name))
    (tmp_path / "our-scanner.toml").write_text(SITE_PROFILE.format(name="our-scanner"))
    assert load_profile(name, [tmp_path]).settings == {"suffix": "tab"}
    assert load_profile(name).settings == {}
    assert "our-scanner" in profile_names([tmp_path])


def test_profile_that_is_unknown_says_what_was_meant_and_not_two_hundred_names() -> None:
    with pytest.raises(ConfigError, match=r"did you mean .*mettler-toledo-8217.*see docs/devices") as refused:
        load_profile("mettler-8217")
    assert len(str(refused.value)) < 300
    with pytest.raises(
        ConfigError, match=r"expected one of \d+ profiles, see docs/devices, such as generic-"
    ) as refused:
        load_profile("../../etc/passwd")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = ", "is not TOML"),
        (SITE_PROFILE.format(name="other"), "name = 'other': expected 'bad', as the file"),
        (SITE_PROFILE.format(name="bad") + "x = 1", "settings"),
        (SITE_PROFILE.format(name="bad").replace("experimental", "verified"), "needs the recording"),
        (SITE_PROFILE.format(name="bad").replace("drivers.serial", "drivers.nowhere"), "cannot be imported"),
        (SITE_PROFILE.format(name="bad").replace(":SerialScanner", ":Nothing"), "cannot be imported"),
        *[
            (SITE_PROFILE.format(name="bad").replace("drivers.serial_scanner:SerialScanner", driver), problem)
            for driver, problem in (
                ("pathlib:Path", "is no driver .*it has no Settings, device_class, commands, events"),
                ("tests.devices.profiles_broken:Driver", "cannot be imported: ZeroDivisionError"),
                ("tests.devices.profiles_leaving:Driver", "cannot be imported: SystemExit"),
            )
        ],
        ("a = " + "[" * 60_000, "at most 32 tables and lists within one another"),
        (".".join("a" * 20_000) + " = 1", "at most 32 tables and lists within one another"),
        (SITE_PROFILE.format(name="bad").replace('"scanner"', '"scale"'), "expected scanner, which is what"),
        (SITE_PROFILE.format(name="bad").replace("[transport.serial]", "[transport.pigeon]"), "pigeon"),
        (SITE_PROFILE.format(name="bad").replace("source = ", "sauce = "), "sauce"),
    ],
)
def test_profile_that_is_wrong_says_where(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        resolve_devices([DeviceSettings(id="x", lane="x", profile="bad", transport=PLACES["serial"])], [tmp_path])
    assert re.search(re.escape(problem) if ".*" not in problem else problem, str(caught.value))
