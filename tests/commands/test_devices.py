"""``edge-gateway devices``: the list without a gateway, and the adoption of what it shows."""

from __future__ import annotations

import json
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from edge_gateway.commands import devices as command
from edge_gateway.devices.attached import inventory
from edge_gateway.devices.profiles import load_profile
from edge_gateway.devices.resolving import resolve_devices
from edge_gateway.settings import DeviceSettings
from tests.support.sysfs import HID_POS_SCANNER, FakeBox, Part

CONFIG = """
profiles_directory = "{profiles}"
[store]
id = "S001"
[status]
port = {port}
[[device]]
id = "scale"
lane = "lane-1"
profile = "mettler-toledo-8217"
transport = {{ kind = "serial", device = "usb:0403:6001:A9X1" }}
[[device]]
id = "scanner"
lane = "lane-1"
profile = "generic-serial-scanner"
transport = {{ kind = "serial", path = "/nonexistent/scanner" }}
[[device]]
id = "printer"
lane = "lane-1"
profile = "epson-tm-t20"
transport = {{ kind = "tcp", host = "192.0.2.1" }}
"""
Run = Callable[..., Result]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeBox:
    """The box that the command looks at: an FTDI adapter, a scanner, a keyboard."""
    made = FakeBox(tmp_path / "box")
    monkeypatch.setattr(inventory, "Sysfs", lambda: made.sysfs)
    texts = {"manufacturer": "FTDI", "product": "FT232R USB\x1b[2J UART"}
    made.plug_usb("1-1", "0403:6001", [(Part("tty"), "ttyUSB0")], serial="A9X1", **texts)
    made.plug_usb("1-2", "0403:6001", [(Part("tty"), "ttyUSB1")], serial="B2", **texts)
    made.plug_usb("1-3", "fee1:0001", [(Part("tty"), "ttyACM0")], serial="S1", manufacturer="Acme", product='Scan "2"')
    made.plug_usb("1-4", "fee1:0002", [(Part("input"), "event3")], manufacturer="Acme", product="Keyboard")
    made.plug_usb("1-5", "fee1:0003", [(Part("hidraw", 0, HID_POS_SCANNER), "hidraw0")], serial="H1")
    return made


@pytest.fixture
def run(box: FakeBox, tmp_path: Path) -> Run:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG.format(port=port, profiles=tmp_path / "profiles.d"))
    return lambda *arguments: CliRunner().invoke(app, ["devices", "--config", str(config), *arguments])


def added(output: str) -> dict[str, Any]:
    """The section that is printed last, as TOML."""
    [device] = tomllib.loads(output[output.index("[[device]]") :])["device"]
    found: dict[str, Any] = device
    return found


def test_devices_lists_what_is_configured_and_attached_while_no_gateway_runs(run: Run) -> None:
    result = run("--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert "does not answer" in document["source"]
    assert [(device["id"], device["power"], device["reason"]) for device in document["devices"]] == [
        ("scale", "unknown", None),
        ("scanner", "unknown", "its node is not there"),
        ("printer", "unknown", None),
    ]
    assert {each["identity"]: each["claim"] for each in document["attached"]} == {
        "usb:0403:6001:A9X1": "configured",
        "usb:0403:6001:B2": "possible",
        "usb:fee1:0001:S1": "possible",
        "usb-port:0000:00:14.0/usb2/4:fee1:0002": "possible",
        "usb:fee1:0003:H1": document["attached"][4]["claim"],
    }


def test_devices_tells_people_why_and_keeps_their_terminal(run: Run) -> None:
    output = run().output
    assert "CONFIGURED  usb:0403:6001:A9X1" in output
    assert "configured as scale" in output
    assert "0403:6001 is a serial adapter, which says nothing of what is behind it" in output
    assert "may be a person's keyboard" in output
    assert "hidraw0 (hidraw 8c:02)" in output
    assert "serial /nonexistent/scanner" in output
    assert "\x1b" not in output


def test_devices_refuses_a_broken_configuration(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("store = 1")
    assert run().exit_code == 2
    assert run("adopt", "usb:fee1:0001:S1").exit_code == 2


def test_adopt_writes_a_stub_that_is_a_profile_and_a_section_that_is_a_device(run: Run, tmp_path: Path) -> None:
    shown = run("adopt", "usb:fee1:0001:S1", "--profile", "generic-serial-scanner")
    assert shown.exit_code == 0, shown.output
    assert not (tmp_path / "profiles.d").exists(), "nothing is written without --write"
    written = run("adopt", "usb:fee1:0001:S1", "--profile", "generic-serial-scanner", "--lane", "lane-9", "--write")
    assert written.exit_code == 0, written.output
    profile = load_profile("acme-scan-2-fee1-0001", [tmp_path / "profiles.d"])
    assert (profile.vendor, profile.model, profile.driver) == (
        "Acme",
        'Scan "2"',
        "drivers.serial_scanner:SerialScanner",
    )
    assert profile.match.usb_ids == ("fee1:0001",)
    device = added(written.output)
    assert device == {
        "id": "scanner-fee1-0001-S1",
        "lane": "lane-9",
        "profile": "acme-scan-2-fee1-0001",
        "transport": {"kind": "serial", "device": "usb:fee1:0001:S1"},
    }
    resolve_devices([DeviceSettings.model_validate(device)], [tmp_path / "profiles.d"])
    twice = run("adopt", "usb:fee1:0001:S1", "--profile", "generic-serial-scanner", "--write")
    assert twice.exit_code == 1
    assert "is there already: correct it" in twice.output
    again = run("adopt", "usb:fee1:0001:S1", "--write")
    assert again.exit_code == 0, "now its model is known, and no stub is needed"
    assert added(again.output)["profile"] == "acme-scan-2-fee1-0001"


@pytest.mark.parametrize(("option", "name"), [("--id", "x y"), ("--lane", "a/b")])
def test_adopt_refuses_a_name_that_the_configuration_would_refuse(run: Run, option: str, name: str) -> None:
    refused = run("adopt", "usb:fee1:0001:S1", "--profile", "generic-serial-scanner", option, name)
    assert refused.exit_code == 1
    assert f"{option} {name!r}: " in refused.output
    assert "[[device]]" not in refused.output


def test_adopt_takes_the_configuration_where_people_write_it(run: Run, tmp_path: Path) -> None:
    missing = run("adopt", "usb:fee1:0001:S1", "--config", str(tmp_path / "none.toml"))
    assert missing.exit_code == 2
    assert "none.toml" in missing.output
    assert "[] section" not in run("adopt", "--help").output


def test_adopt_wants_no_stub_for_an_adapter(run: Run, tmp_path: Path) -> None:
    result = run("adopt", "usb:0403:6001:B2", "--profile", "mettler-toledo-8217", "--id", "deli", "--write")
    assert result.exit_code == 0, result.output
    assert added(result.output) == {
        "id": "deli",
        "lane": "shared",
        "profile": "mettler-toledo-8217",
        "transport": {"kind": "serial", "device": "usb:0403:6001:B2"},
    }
    assert not (tmp_path / "profiles.d").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["usb:0403:6001"], "2 attached devices fit usb:0403:6001; attached are:"),
        (["usb:9999:0001"], "usb:9999:0001 is not attached; attached are:"),
        (["ttyUSB0"], "expected a selector: usb:VVVV:PPPP:SERIAL"),
        (["usb:0403:6001:B2"], "give --profile; generic ones that could:"),
        (["usb:0403:6001:B2", "--profile", "nonsense"], "no profile 'nonsense'; there are:"),
        (["usb:0403:6001:B2", "--profile", "generic-wedge-scanner"], "speaks over evdev; usb:0403:6001:B2 has serial"),
    ],
)
def test_adopt_says_what_it_needs(run: Run, arguments: list[str], message: str) -> None:
    result = run("adopt", *arguments)
    assert result.exit_code == 1
    assert message in result.output
