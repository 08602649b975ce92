"""``config check`` of what a configuration says of its printers: what hangs on one, backs it up, prints orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import config

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
