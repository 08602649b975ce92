"""A site's own firmware profiles: one directory, known to the daemon and to every command that reads profiles."""

from __future__ import annotations

import json
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


def test_record_knows_the_profile_of_the_site(app: typer.Typer, site: Path) -> None:
    """It gets as far as the port, which is not there."""
    output = site.parent / "out.rec"
    command = ["record", "scanner", "--config", str(site), "--output", str(output)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1, done.output
    assert f"{site.parent}/port" in done.output
