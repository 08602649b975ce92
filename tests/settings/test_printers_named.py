"""``config check`` of what a configuration says of its printers: what hangs on one, backs it up, prints orders."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
import typer
from structlog.testing import capture_logs
from typer.testing import CliRunner

from edge_gateway.commands import config
from edge_gateway.devices.files_named import tell_unusable_files
from edge_gateway.devices.registry import build_registry
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.factory import make_transport
from tests.support.clock import FakeClock
from tests.support.pictures import png

STORE = """\
[store]
id = "S001"

[[device]]
id = "printer"
lane = "lane-1"
profile = "epson-tm-t20"
transport = { kind = "tcp", host = "192.0.2.1" }
settings = { PRINTER }
[device.printing]
PRINTING

[[device]]
id = "labels"
lane = "lane-1"
profile = "zebra-zd421"
transport = { kind = "tcp", host = "192.0.2.2" }

[[device]]
id = "display"
lane = "lane-1"
profile = "generic-epson-display"
transport = { DISPLAY }

[[device]]
id = "drawer"
lane = "lane-1"
profile = "printer-cash-drawer"
transport = { kind = "printer", printer = "printer" }

[kitchen]
KITCHEN
"""
WELL = {
    "PRINTER": "",
    "PRINTING": "",
    "DISPLAY": 'kind = "serial", path = "/dev/serial/by-id/x"',
    "KITCHEN": 'language = "de-AT"\ntimezone = "Europe/Vienna"\nroute = [{ printer = "printer", categories = ["*"] }]',
}


def problems(tmp_path: Path, **changes: str) -> list[tuple[int, str, str]]:
    path, text = tmp_path / "gateway.toml", STORE
    for name, value in {**WELL, **changes}.items():
        text = text.replace(name, value)
    path.write_text(text)
    app = typer.Typer()
    config.register(app)
    done = CliRunner().invoke(app, ["config", "check", str(path), "--json"])
    return [(each["line"], each["key"], each["expected"]) for each in json.loads(done.stdout)["problems"]]


def test_printers_that_fit_are_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "line", "key", "words"),
    [
        (
            {"PRINTING": 'backup = "display"'},
            11,
            "device[0].printing.backup",
            "another pos_printer: none is configured",
        ),
        ({"PRINTING": 'backup = "labels"'}, 11, "device[0].printing.backup", "another pos_printer: none is configured"),
        ({"PRINTING": 'copy_mark = "\\u001b@"'}, 11, "device[0].printing.copy_mark", "text without control characters"),
        ({"PRINTING": f'copy_mark = "{"x" * 21}"'}, 11, "device[0].printing.copy_mark", "not empty, at most 20 char"),
        ({"PRINTER": "drawer_pin = 0"}, 29, "device[3].transport.printer", "opens a drawer: printer has none"),
        ({"PRINTER": 'buzzer = "drawer_port"'}, 29, "device[3].transport.printer", "opens a drawer: printer has none"),
        ({"PRINTER": 'logos = { "Our Shop" = { key = "G1" } }'}, 9, "device[0].settings.logos.Our Shop.[key]", "small"),
        (
            {"DISPLAY": 'kind = "printer", printer = "labels"'},
            23,
            "device[2].transport.printer",
            "receipt printer: printer",
        ),
        (
            {"DISPLAY": 'kind = "printer", printer = "printer"'},
            19,
            "device[2].settings.is_behind_printer",
            "expected true",
        ),
        (
            {"DISPLAY": WELL["DISPLAY"] + " }\nprinting = { kept_jobs = 5"},
            24,
            "device[2].printing",
            "below a printer; display is a line_display",
        ),
        (
            {"DISPLAY": WELL["DISPLAY"] + ' }\nsettings = { idle_lines = ["\\u001b@"]'},
            24,
            "device[2].settings.idle_lines[0]",
            "text without control characters",
        ),
        ({"DISPLAY": 'kind = "printer"'}, 23, "device[2].transport.printer", "required"),
        ({"DISPLAY": 'kind = "serial"'}, 23, "device[2].transport", "expected either path or device"),
        ({"KITCHEN": 'language = "xx"'}, 32, "kitchen.language", "expected one of ar, de"),
        ({"KITCHEN": 'timezone = "Europe/Viena"'}, 32, "kitchen.timezone", "did you mean Europe/Vienna?"),
        (
            {"KITCHEN": 'route = [{ printer = "labels", categories = ["*"] }]'},
            32,
            "kitchen.route[0].printer",
            "receipt printer: printer",
        ),
        (
            {"KITCHEN": 'route = [{ printer = "display", categories = ["*"] }]'},
            32,
            "kitchen.route[0].printer",
            "receipt printer: printer",
        ),
        (
            {"KITCHEN": 'route = [{ printer = "printer", categories = ["*"], buzzes = true }]'},
            32,
            "kitchen.route[0].buzzes",
            "no buzzer is configured at printer",
        ),
        (
            {"KITCHEN": 'route = [{ printer = "printer", categories = ["*"], station = "\\u001b@" }]'},
            32,
            "kitchen.route[0].station",
            "text without control characters",
        ),
    ],
)
def test_what_does_not_fit_a_printer_is_told_at_its_line(
    changes: dict[str, str], line: int, key: str, words: str, tmp_path: Path
) -> None:
    ((found_line, found_key, expected),) = problems(tmp_path, **changes)
    assert (found_line, found_key) == (line, key)
    assert words in expected


def test_drawer_pin_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(
        STORE.replace("PRINTER", "drawer_pin = 3")
        .replace("PRINTING", "")
        .replace("DISPLAY", WELL["DISPLAY"])
        .replace("KITCHEN", "")
    )
    app = typer.Typer()
    config.register(app)
    done = CliRunner().invoke(app, ["config", "check", str(path)])
    assert "device[0].settings.drawer_pin = 3: " in done.stderr


def test_the_pin_of_a_drawer_is_no_secret(tmp_path: Path) -> None:
    path, text = tmp_path / "gateway.toml", STORE
    for name, value in WELL.items():
        text = text.replace(name, value)
    path.write_text(text.replace('printer = "printer" }\n\n', 'printer = "printer", pin = 3 }\n\n'))
    (problem,) = config.find_problems(path)
    assert (problem.key, problem.value) == ("device[3].transport.pin", "3")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.png", "No such file"),
        (".", "Is a directory"),
        ("text.png", "no PNG, JPEG, BMP or GIF that can be read"),
        ("pipe", "no image file"),
        (None, "an absolute path"),
    ],
)
@pytest.mark.parametrize("profile", ["epson-tm-t20", "star-tsp100iv"])
def test_a_logo_of_no_use_is_told_at_its_line(profile: str, name: str | None, words: str, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    os.mkfifo(tmp_path / "pipe")
    file = "logo.png" if name is None else str(tmp_path / name)
    logo = f'logos = {{ shop = {{ file = "{file}" }}, own = {{ key = "G1" }} }}'
    ((line, key, expected),) = problems(tmp_path, PRINTER=logo, **{"epson-tm-t20": profile})
    assert (line, key) == (9, "device[0].settings.logos.shop.file")
    assert words in expected


def test_a_logo_that_can_be_printed_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(16, 8))
    assert problems(tmp_path, PRINTER=f'logos = {{ shop = {{ file = "{tmp_path}/logo.png" }} }}') == []


async def test_a_logo_of_no_use_is_told_at_the_start_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(16, 8))
    logos = {"shop": {"file": f"{tmp_path}/gone.png"}, "well": {"file": f"{tmp_path}/logo.png"}}
    printer = {"id": "printer", "lane": "lane-1", "profile": "epson-tm-t20", "settings": {"logos": logos}}
    registry = build_registry(
        [DeviceSettings.model_validate({**printer, "transport": {"kind": "tcp", "host": "192.0.2.1"}})],
        make_transport=make_transport,
        clock=FakeClock(),
        random=Random(1),
        on_event=lambda event: None,
        on_change=lambda supervisor: None,
    )
    with capture_logs() as logged:
        await tell_unusable_files(registry)
    ((event, setting, reason),) = [(each["event"], each["setting"], each["reason"]) for each in logged]
    assert (event, setting) == ("device_file_unusable", "logos.shop.file")
    assert "gone.png: No such file" in reason
