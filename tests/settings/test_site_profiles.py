"""A site's own firmware profiles: one directory, known to the daemon and to every command that reads profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.app import Gateway
from edge_gateway.commands import config, devices, recordings
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.settings_loader import load_settings

PROFILE = "site-scanner"


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    for command in (config, devices, recordings):
        command.register(app)
    return app


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A configuration whose device is of a model that only this site knows."""
    profiles = tmp_path / "profiles.d"
    profiles.mkdir()
    generic = (files("firmware_profiles") / "generic-serial-scanner.toml").read_text("utf-8")
    (profiles / f"{PROFILE}.toml").write_text(generic.replace("generic-serial-scanner", PROFILE))
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'profiles_directory = "{profiles}"\n[store]\nid = "S001"\n[outbox]\ndirectory = "{tmp_path}"\n'
        f'[status]\nport = 1\n[[device]]\nid = "scanner"\nlane = "lane-1"\nprofile = "{PROFILE}"\n'
        f'transport = {{ kind = "serial", path = "{tmp_path}/port" }}\n'
    )
    return path


def test_profile_of_the_site_is_known_to_check_and_devices(app: typer.Typer, site: Path) -> None:
    checked = CliRunner().invoke(app, ["config", "check", str(site)])
    assert checked.exit_code == 0, checked.output
    listed = CliRunner().invoke(app, ["devices", "--config", str(site), "--json"])
    assert listed.exit_code == 0, listed.output
    assert json.loads(listed.output)["devices"][0]["profile"] == PROFILE


async def test_profile_of_the_site_is_known_to_the_daemon(site: Path) -> None:
    Gateway(load_settings(site))
    (site.parent / "profiles.d" / f"{PROFILE}.toml").unlink()
    with pytest.raises(ConfigError, match=r"(did you mean|expected one of) .*see docs/devices"):
        Gateway(load_settings(site))


def test_profile_of_the_site_is_known_to_check_in_a_file_with_other_problems(app: typer.Typer, site: Path) -> None:
    site.write_text(site.read_text().replace("port = 1\n", "port = -1\n"))
    checked = CliRunner().invoke(app, ["config", "check", str(site), "--json"])
    assert [problem["key"] for problem in json.loads(checked.stdout)["problems"]] == ["status.port"]


def test_broken_profile_of_the_site_is_told_with_its_file(app: typer.Typer, site: Path) -> None:
    broken = site.parent / "profiles.d" / f"{PROFILE}.toml"
    broken.write_text("name = ")
    for command in (["config", "check", str(site)], ["devices", "--config", str(site)]):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 2, done.output
        assert str(broken) in done.output


SCALE = """\
name = "site-scale"
extends = "mettler-toledo-8217"
vendor = "Maker"
model = "Counter scale"
tier = "experimental"
source = "Maker leaflet of the scale, p. 1"
"""


def _check_scales(app: typer.Typer, site: Path, profiles: Mapping[str, str], **devices: str) -> list[tuple[str, ...]]:
    """What the command says of devices with the profile ``site-scale``: file, line and key, then what was expected."""
    for name, text in profiles.items():
        (site.parent / "profiles.d" / f"{name}.toml").write_text(text)
    for name, keys in devices.items():
        site.write_text(
            f'{site.read_text()}[[device]]\nid = "{name}"\nlane = "lane-1"\nprofile = "site-scale"\n'
            f'[device.transport]\nkind = "serial"\npath = "{site.parent}/{name}"\n{keys}'
        )
    checked = CliRunner().invoke(app, ["config", "check", str(site), "--json"])
    return [
        (f"{Path(each['file']).name}:{each['line']}", each["key"], each["value"], each["expected"])
        for each in json.loads(checked.stdout)["problems"]
    ]


def test_wrong_settings_of_a_site_profile_are_all_told_with_its_file_and_lines(app: typer.Typer, site: Path) -> None:
    text = SCALE + '[settings]\npoll_interval_s = 0\nunit = "stone"\nunyt = "kg"\n[transport.serial]\nbaud = "x"\n'
    told = _check_scales(app, site, {"site-scale": text + "[transport.tcp]\nport = 0\n"}, one="", two="")
    assert [each[:3] for each in told] == [
        ("site-scale.toml:8", "settings.poll_interval_s", "0"),
        ("site-scale.toml:9", "settings.unit", "'stone'"),
        ("site-scale.toml:10", "settings.unyt", "'kg'"),
        ("site-scale.toml:12", "transport.serial.baud", "'x'"),
        ("site-scale.toml:14", "transport.tcp.port", "0"),
    ], "once each, however many devices use it"
    assert "did you mean unit? (there are: " in told[2][3]
    printed = CliRunner().invoke(app, ["config", "check", str(site)]).output
    assert f"  {site.parent}/profiles.d/site-scale.toml: line 8: settings.poll_interval_s = 0: " in printed


def test_wrong_settings_are_told_where_they_are_written(app: typer.Typer, site: Path) -> None:
    profile = SCALE + '[settings]\npoll_interval_s = 0\nunyt = "kg"\n'
    told = _check_scales(app, site, {"site-scale": profile}, one='[device.settings]\nunit = "stone"\ncolour = "red"\n')
    assert [each[:2] for each in told] == [
        ("gateway.toml:21", "device[1].settings.unit"),
        ("gateway.toml:22", "device[1].settings.colour"),
        ("site-scale.toml:8", "settings.poll_interval_s"),
        ("site-scale.toml:9", "settings.unyt"),
    ]
    assert "there are: " in told[1][3]


def test_setting_that_the_device_has_in_place_of_a_wrong_one_is_no_problem(app: typer.Typer, site: Path) -> None:
    profile = SCALE + '[settings]\npoll_interval_s = 0\n[transport.serial]\nbaud = "x"\n'
    own = "baud = 9600\n[device.settings]\npoll_interval_s = 0.1\n"
    assert _check_scales(app, site, {"site-scale": profile}, one=own) == []


def test_setting_that_only_the_device_makes_wrong_is_told_at_the_device(app: typer.Typer, site: Path) -> None:
    """The profile's settings fit its own protocol, and not the one that the device has."""
    profile = SCALE + "[settings]\nhas_high_resolution = true\n"
    told = _check_scales(app, site, {"site-scale": profile}, one='[device.settings]\nprotocol = "scale/mt-sics"\n')
    assert [each[:3] for each in told] == [("gateway.toml:20", "device[1].settings.has_high_resolution", "true")]
    assert told[0][3].startswith("no such key here")
    assert told[0][3].endswith(" (as profile site-scale has it)")


def test_wrong_setting_of_an_extended_profile_is_told_in_that_file(app: typer.Typer, site: Path) -> None:
    base = SCALE.replace("site-scale", "base-scale") + "[settings]\npoll_interval_s = 0\n"
    told = _check_scales(
        app, site, {"base-scale": base, "site-scale": SCALE.replace("mettler-toledo-8217", "base-scale")}, one=""
    )
    assert [each[:2] for each in told] == [("base-scale.toml:8", "settings.poll_interval_s")]
    assert f"inherited by {site.parent}/profiles.d/site-scale.toml" in told[0][3]


def test_profile_that_is_not_toml_is_told_with_its_line(app: typer.Typer, site: Path) -> None:
    told = _check_scales(app, site, {"site-scale": SCALE + "[settings\n"}, one="")
    assert [each[:2] for each in told] == [("site-scale.toml:7", "file")]
    printed = CliRunner().invoke(app, ["config", "check", str(site)]).output
    assert f"  {site.parent}/profiles.d/site-scale.toml: line 7: is not TOML: " in printed


def test_value_of_a_secret_setting_is_not_shown(app: typer.Typer, site: Path) -> None:
    told = _check_scales(
        app, site, {"site-scale": SCALE + '[settings]\nsecret = "8005"\n'}, one='[device.settings]\npassword = "8005"\n'
    )
    assert [each[2] for each in told] == ["(hidden)", "(hidden)"]
    assert "8005" not in str(told)


def test_record_knows_the_profile_of_the_site(app: typer.Typer, site: Path) -> None:
    """It gets as far as the port, which is not there."""
    output = site.parent / "out.rec"
    command = ["record", "scanner", "--config", str(site), "--output", str(output)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1, done.output
    assert f"{site.parent}/port" in done.output
