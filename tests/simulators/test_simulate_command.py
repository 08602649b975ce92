"""``edge-gateway simulate`` finds simulators by their names, and hands them their arguments."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import simulate
from tests.support.broker import Broker
from tests.support.scripted_gateway import LANE, STORE, TERMINAL, accepted, scripted_gateway


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    simulate.register(app)
    return app


def test_simulators_of_every_kind_are_listed(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["simulate", "--list", "--json"])
    assert result.exit_code == 0
    listed = {entry["name"]: entry["summary"] for entry in json.loads(result.output)}
    assert {"serial-scanner", "wedge-scanner", "toledo-8217", "escpos-printer", "cloud", "pos-client"} <= set(listed)
    assert all(listed.values())
    assert "link" not in listed


def test_list_for_people_has_a_line_for_each(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["simulate", "--list"])
    assert len(result.output.splitlines()) == len(simulate.simulator_modules())
    assert "cloud" in result.output


@pytest.mark.parametrize("arguments", [[], ["nothing-like-this"], ["link"]])
def test_wrong_use_names_what_there_is(app: typer.Typer, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["simulate", *arguments])
    assert result.exit_code == 2


def test_arguments_go_to_the_simulator(app: typer.Typer, capsys: pytest.CaptureFixture[str]) -> None:
    result = CliRunner().invoke(app, ["simulate", "cloud", "--openapi"])
    assert result.exit_code == 0
    assert json.loads(result.output)["openapi"].startswith("3.")


@pytest.mark.parametrize("name", simulate.simulator_modules())
def test_every_simulator_tells_how_it_is_used(app: typer.Typer, name: str) -> None:
    result = CliRunner().invoke(app, ["simulate", name, "--help"])
    assert result.exit_code == 0, result.output
    assert "usage:" in result.output.lower()


def test_help_and_wrong_options_are_the_simulators_own(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["simulate", "cloud", "--help"])
    assert result.exit_code == 0
    assert "--ledger" in result.output
    assert CliRunner().invoke(app, ["simulate", "cloud", "--gremlins"]).exit_code == 2


async def test_pos_client_sells_as_a_process(broker: Broker) -> None:
    async with scripted_gateway(broker, accepted) as gateway:
        code, output = await _pos_client(broker, "--sales", "3", "--no-print", "--timeout", "30")
        assert code == 0, output
        counts = json.loads(output)
        assert (counts["submitted"], counts["accepted"], len(gateway.asked)) == (3, 3, 3)


async def test_pos_client_that_is_not_answered_says_so(broker: Broker) -> None:
    code, output = await _pos_client(broker, "--no-print", "--timeout", "1")
    counts = json.loads(output)
    assert (code, counts["submitted"], counts["accepted"]) == (1, 1, 0)


async def _pos_client(broker: Broker, *options: str) -> tuple[int | None, bytes]:
    where = ["--broker", f"{broker.host}:{broker.port}", "--store", STORE, "--lane", LANE, "--terminal", TERMINAL]
    arguments = ["-m", "edge_gateway", "simulate", "pos-client", *where, *options]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output


@pytest.mark.parametrize("name", ["serial-scanner", "wedge-scanner", "toledo-8217"])
def test_simulate_does_not_replace_a_file_and_says_so(tmp_path: Path, name: str) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    result = subprocess.run(
        [sys.executable, "-m", "edge_gateway", "simulate", name, str(taken)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, taken.read_text()) == (1, "mine")
    assert result.stderr.startswith(f"simulate {name}: {taken}: exists")
    assert "Traceback" not in result.stderr
