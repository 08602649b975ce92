"""``edge-gateway status`` asks the running daemon over real HTTP."""

from __future__ import annotations

import json

import typer
from typer.testing import CliRunner

from edge_gateway.commands import status
from edge_gateway.contracts.states import Health, PowerState
from tests.status.snapshots import bus, printer, scale, snapshot, uplink

app = typer.Typer()
app.callback()(lambda: None)
status.register(app)


def test_status_says_how_the_running_gateway_is(server_url: str) -> None:
    done = CliRunner().invoke(app, ["status", "--url", server_url])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("HEALTHY: store S001, version 1.2.3, running for 12 s\n")
    assert "online: paper near end" in done.output
    assert "transactions: 3 waiting, 0 refused, 120 delivered" in done.output


def test_status_prints_the_snapshot_as_json(server_url: str) -> None:
    done = CliRunner().invoke(app, ["status", "--url", server_url, "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["gateway"]["store_id"] == "S001"


def test_status_of_a_gateway_that_does_not_answer_is_a_failure() -> None:
    done = CliRunner().invoke(app, ["status", "--url", "http://127.0.0.1:1"])
    assert done.exit_code == 1
    assert "does not answer" in done.output


def test_status_of_something_else_at_the_port_is_a_failure(server_url: str) -> None:
    done = CliRunner().invoke(app, ["status", "--url", f"{server_url}/livez#"])
    assert done.exit_code == 1


def test_status_names_each_reason_with_its_part() -> None:
    current = snapshot(
        bus=bus(is_connected=False, reason="connection refused"),
        devices=(scale(power=PowerState.OFF, reason="no such node"), printer()),
        uplinks=(uplink(health=Health.UNHEALTHY, reason="401 from the cloud"),),
    )
    text = status.describe(json.loads(current.model_dump_json()))
    assert text.startswith("DEGRADED: ")
    assert "bus: no connection to the broker at 127.0.0.1:1883: connection refused (degraded)" in text
    assert "off: no such node" in text
    assert "uplink/https: 401 from the cloud" in text
    assert "last delivery 2026-11-21 11:15:03 Europe/Berlin" in text, "as the clock on the store's wall shows it"
