"""``edge-gateway devices`` beside a running gateway tells the states that the gateway knows."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import typer
from typer.testing import CliRunner

from edge_gateway.commands import devices as command
from tests.status.snapshots import ChangingSource


def test_devices_command_tells_what_the_running_gateway_knows(server_url: str, tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    config = tmp_path / "gateway.toml"
    config.write_text(f'[store]\nid = "S001"\n[status]\nport = {urlsplit(server_url).port}\n')
    result = CliRunner().invoke(app, ["devices", "--config", str(config), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert document["source"] == f"as the gateway at {server_url} says"
    known = ChangingSource().snapshot().devices
    assert [device["id"] for device in document["devices"]] == [device.id for device in known]
    assert [device["power"] for device in document["devices"]] == [device.power.value for device in known]
    assert document["devices"][0]["firmware_status"] == "approved"
    shown = CliRunner().invoke(app, ["devices", "--config", str(config)])
    assert shown.exit_code == 0
    assert "firmware 1.10 (approved)" in shown.output
