"""What is attached is told by its stable name, with what it is configured as or which profile may fit."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import devices as command
from edge_gateway.devices.attached import list_attached, to_json
from edge_gateway.settings import DeviceSettings

CONFIG = """
[store]
id = "S001"
[status]
port = {port}
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


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """/dev and /sys of a box with a scanner, an FTDI adapter and a keyboard."""
    for folder, name, node in (
        ("serial", "usb-Honeywell_1900_SN1-if00", "ttyACM0"),
        ("serial", "usb-FTDI_FT232R_A9X1-if00-port0", "ttyUSB0"),
        ("input", "usb-Acme_Keyboard-event-kbd", "event3"),
        ("input", "usb-Acme_Mouse-event-mouse", "event4"),
    ):
        by_id = tmp_path / "dev" / folder / "by-id"
        by_id.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dev" / node).touch()
        (by_id / name).symlink_to(tmp_path / "dev" / node)
    usb = tmp_path / "sys" / "devices" / "usb1" / "1-1"
    (usb / "1-1:1.0" / "ttyUSB0").mkdir(parents=True)
    (usb / "idVendor").write_text("0403\n")
    (usb / "idProduct").write_text("6001\n")
    (usb / "manufacturer").write_text("FTDI\n")
    (usb / "product").write_text("FT232R USB\x1b[2J UART\n")
    (usb / "serial").write_text("A9X1\n")
    tty = tmp_path / "sys" / "class" / "tty" / "ttyUSB0"
    tty.mkdir(parents=True)
    (tty / "device").symlink_to(usb / "1-1:1.0" / "ttyUSB0")
    return tmp_path


def test_attached_tells_configured_recognised_and_unknown_apart(box: Path) -> None:
    scale = DeviceSettings(
        id="scale", lane="lane-1", profile="mettler-toledo-8217", transport={"path": str(box / "dev" / "ttyUSB0")}
    )
    found = {each.path.name: each for each in list_attached([scale], dev=box / "dev", sys=box / "sys")}
    assert {name: each.verdict for name, each in found.items()} == {
        "usb-FTDI_FT232R_A9X1-if00-port0": "configured as scale",
        "usb-Honeywell_1900_SN1-if00": "not configured; profile honeywell-serial-scanner may fit",
        "usb-Acme_Keyboard-event-kbd": "not configured, and no profile names it; a generic profile may fit",
    }
    assert found["usb-Honeywell_1900_SN1-if00"].usb is None


def test_attached_names_what_the_device_says_it_is_and_keeps_it_off_the_terminal(box: Path) -> None:
    [adapter] = [each for each in list_attached([], dev=box / "dev", sys=box / "sys") if each.usb]
    assert str(adapter.usb) == "USB 0403:6001, FTDI, FT232R USB?[2J UART, serial A9X1"
    told = to_json(adapter)
    assert (told["usb_id"], told["vendor"], told["serial"]) == ("0403:6001", "FTDI", "A9X1")
    (box / "sys" / "devices" / "usb1" / "1-1" / "product").unlink()
    [adapter] = [each for each in list_attached([], dev=box / "dev", sys=box / "sys") if each.usb]
    assert str(adapter.usb) == "USB 0403:6001, FTDI, serial A9X1"


def test_attached_is_empty_on_a_box_without_devices(tmp_path: Path) -> None:
    assert list_attached([], dev=tmp_path, sys=tmp_path) == []


@pytest.fixture
def run(tmp_path: Path) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG.format(port=port))
    return lambda *arguments: CliRunner().invoke(app, ["devices", "--config", str(config), *arguments])


def test_devices_command_lists_the_configuration_while_no_gateway_runs(run: Any) -> None:
    result = run("--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert "does not answer" in document["source"]
    assert [(device["id"], device["power"], device["reason"]) for device in document["devices"]] == [
        ("scanner", "unknown", "its node is not there"),
        ("printer", "unknown", None),
    ]
    assert isinstance(document["attached"], list)
    assert "serial /nonexistent/scanner" in run().output


def test_devices_command_refuses_a_broken_configuration(run: Any, tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("store = 1")
    assert run().exit_code == 2
