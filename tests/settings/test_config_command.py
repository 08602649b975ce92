"""``edge-gateway config``: every problem of the file, its profiles and its drivers, in one go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import config

EXAMPLE = Path(__file__).parents[2] / "config" / "gateway.toml"

WRONG = """\
[store]
id = "S001"
timezon = "UTC"

[[device]]
id = "broken"
profile = "mettler-toledo-8217"
transport = { kind = "serial", path = "/dev/a" }

[[device]]
id = "scale"
lane = "lane-1"
profile = "metler-toledo-8217"
transport = { kind = "serial", path = "/dev/b" }

[[device]]
id = "scanner"
lane = "lane-1"
profile = "generic-serial-scanner"
transport = { kind = "serial", path = "/dev/c", baud = 9 }
settings = { sufix = "\\r" }
"""


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    config.register(app)
    return app


def test_check_of_the_example_finds_no_problems(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["config", "check", str(EXAMPLE)])
    assert (done.exit_code, done.output) == (0, f"{EXAMPLE}: no problems\n")


def test_check_tells_problems_of_models_profiles_and_drivers_with_their_lines(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(WRONG)
    done = CliRunner().invoke(app, ["config", "check", str(path), "--json"])
    assert done.exit_code == 2, done.output
    document = json.loads(done.stdout)
    assert document["is_valid"] is False
    assert [(problem["line"], problem["key"]) for problem in document["problems"]] == [
        (3, "store.timezon"),
        (5, "device[0].lane"),
        (13, "device[1].profile"),
        (20, "device[2].transport.baud"),
        (21, "device[2].settings.sufix"),
    ]


def test_check_tells_devices_that_share_an_id_or_a_place_also_where_one_is_malformed(
    app: typer.Typer, tmp_path: Path
) -> None:
    path = tmp_path / "gateway.toml"
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    path.write_text(
        f"""\
[store]
id = "S001"
[[device]]
id = "one"
transport = {{ kind = "serial", path = "{tmp_path}/by-id" }}
[[device]]
id = "two"
lane = "lane-1"
profile = "generic-escpos"
transport = {{ kind = "tcp", host = "printer" }}
[[device]]
id = "one"
lane = "lane-1"
profile = "mettler-toledo-8217"
transport = {{ kind = "serial", path = "{tmp_path}/ttyUSB0" }}
[[device]]
id = "four"
lane = "lane-2"
profile = "generic-escpos"
transport = {{ kind = "tcp", host = "printer", port = 9100 }}
"""
    )
    done = CliRunner().invoke(app, ["config", "check", str(path), "--json"])
    found = [(problem["line"], problem["key"], problem["expected"]) for problem in json.loads(done.stdout)["problems"]]
    assert [(line, key) for line, key, _ in found] == [
        (3, "device[0].lane"),
        (3, "device[0].profile"),
        (12, "device[2].id"),
        (15, "device[2].transport"),
        (20, "device[3].transport"),
    ]
    assert [expected for _, _, expected in found[2:]] == [
        "an id of its own; device[0] has it already",
        "a place of its own; device[0] has it already",
        "a place of its own; device[1] has it already",
    ]


def test_check_tells_problems_of_uplinks_with_name_key_value_and_what_was_expected(
    app: typer.Typer, tmp_path: Path
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(
        """\
[store]
id = "S001"
[[uplink]]
name = "erp"
kind = "mqtt"
host = 5
hots = "x"
port = 99999
[[uplink]]
name = "lake"
kind = "pigeon"
[[uplink]]
name = "bare"
[[uplink]]
name = "stream"
kind = "kafka"
"""
    )
    done = CliRunner().invoke(app, ["config", "check", str(path)])
    assert done.exit_code == 2, done.output
    _, *told = done.output.splitlines()
    beginnings = [
        "line 6: uplink[0].host = 5: uplink erp: expected text",
        "line 7: uplink[0].hots = 'x': uplink erp: no such key here; did you mean host? (there are: ",
        "line 8: uplink[0].port = 99999: uplink erp: expected a whole number from 1 to 65535",
        "line 11: uplink[1].kind = 'pigeon': uplink lake: expected one of kafka, mqtt, nats, rabbitmq, webhook",
        "line 12: uplink[2].kind = (missing): uplink bare: expected one of kafka, ",
        "line 14: uplink[3].bootstrap_servers = (missing): uplink stream: required; a list",
    ]
    assert [line.strip()[: len(words)] for line, words in zip(told, beginnings, strict=True)] == beginnings


def test_check_prints_problems_for_people_and_exits_2(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(WRONG)
    done = CliRunner().invoke(app, ["config", "check", str(path)])
    assert done.exit_code == 2
    assert done.output.startswith(f"{path}: 5 problems\n  line 3: store.timezon = 'UTC': ")


def test_check_of_a_file_that_is_not_there_exits_2(app: typer.Typer, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["config", "check", str(tmp_path / "none.toml")])
    assert done.exit_code == 2
    assert "No such file" in done.output


def test_schema_documents_every_key(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["config", "schema"])
    assert done.exit_code == 0
    schema = json.loads(done.stdout)
    assert schema["$schema"].endswith("2020-12/schema")
    sections = [schema, *(each for each in schema["$defs"].values() if "enum" not in each)]
    for section in sections:
        assert section["additionalProperties"] is False
        for name, key in section["properties"].items():
            is_section = "$ref" in json.dumps(key)
            assert is_section or key.get("description"), f"{section.get('title')}.{name} has no description"


def test_example_is_printed_as_it_stands(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["config", "example"])
    assert (done.exit_code, done.output) == (0, EXAMPLE.read_text("utf-8"))
