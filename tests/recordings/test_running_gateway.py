"""A device that the gateway holds is recorded from its ring: what passed lately, and what passes meanwhile."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge_gateway.commands import recordings
from edge_gateway.recordings.replay import replay
from edge_gateway.recordings.running import RunningGateway
from edge_gateway.settings import StatusSettings
from edge_gateway.transports.recording import Recording, parse
from simulators.gateway_process import GatewayProcess
from simulators.mosquitto import free_port
from tests.support.gateways import EVENTUALLY_S, gateway, serial_scanner
from tests.support.pty import DevicePty
from tests.support.waiting import wait_until

TAP_S = "1"
APP = typer.Typer()
recordings.register(APP)


class Held:
    """A gateway that holds a scanner."""

    def __init__(self, process: GatewayProcess, scanner: DevicePty) -> None:
        self.scanner = scanner
        self.config = str(process.config)
        self.endpoint = RunningGateway(StatusSettings(port=process.status_port))

    async def has_read(self, data: bytes) -> None:
        """Written by the device, and in the ring."""
        self.scanner.write(data)
        async with asyncio.timeout(EVENTUALLY_S):
            while data.hex() not in "".join(raw["hex"] for raw in (await self._raw())["chunks"]):
                pass

    async def _raw(self) -> dict[str, list[dict[str, str]]]:
        return await self.endpoint.raw("scanner") or {"chunks": []}


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Held]:
    scanner = DevicePty(tmp_path / "ttySCANNER")
    process = gateway(tmp_path / "gateway", free_port(), [serial_scanner(scanner.path)])
    try:
        await process.start()
        await process.wait_devices_online()
        yield Held(process, scanner)
    finally:
        await process.kill()
        scanner.unplug()


def received(recording: Recording) -> bytes:
    return b"".join(chunk.data for chunk in recording.chunks if chunk.direction == "<")


async def test_device_in_use_is_recorded_while_the_gateway_goes_on_using_it(held: Held, tmp_path: Path) -> None:
    await held.has_read(b"before\r")
    output = tmp_path / "tap.rec"
    recording = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge_gateway", "record", "scanner", "--config", held.config),
        *("--output", str(output), "--seconds", TAP_S, "--source", "simulator"),
        stderr=asyncio.subprocess.PIPE,
    )
    assert recording.stderr is not None
    assert b"recording what passes there" in await recording.stderr.readline()
    await wait_until(output.exists)
    await held.has_read(b"tapped\r")
    async with asyncio.timeout(EVENTUALLY_S):
        errors = await recording.stderr.read()
        assert await recording.wait() == 0, errors.decode()
    tapped = parse(output.read_text())
    assert received(tapped) == b"tapped\r"
    assert (tapped.profile, tapped.transport["kind"], "path" in tapped.transport) == (
        "generic-serial-scanner",
        "serial",
        False,
    )
    events = [line["data"]["text"] for line in await replay(tapped) if line.get("event") == "barcode_scanned"]
    assert events == ["tapped"]

    said = await asyncio.to_thread(CliRunner().invoke, APP, ["record", "scanner", "--config", held.config, "--last"])
    assert said.exit_code == 0, said.output
    assert received(parse(said.stdout)) == b"before\rtapped\r"


def test_last_bytes_of_a_gateway_that_does_not_run_are_not_known(tmp_path: Path) -> None:
    process = gateway(tmp_path / "gateway", free_port(), [serial_scanner(tmp_path / "tty")])
    run = ["record", "scanner", "--config", str(process.config)]
    said = CliRunner().invoke(APP, [*run, "--last"])
    assert said.exit_code == 1, said.output
    assert "has raw bytes of 'scanner'; is it running" in said.output
    assert "--output FILE is missing" in CliRunner().invoke(APP, run).output


async def test_device_that_discovery_took_is_recorded_though_no_file_names_it(held: Held, tmp_path: Path) -> None:
    """The configuration that the command reads knows no device; the gateway has one."""
    config = tmp_path / "bare.toml"
    port = held.endpoint.url.rpartition(":")[2]
    config.write_text(f'[store]\nid = "S1"\n[status]\nport = {port}\n')
    output = tmp_path / "last.rec"
    arguments = ["record", "scanner", "--last", "--config", str(config), "--output", str(output)]
    result = await asyncio.to_thread(CliRunner().invoke, APP, arguments)
    assert result.exit_code == 0, result.output
    assert parse(output.read_text()).chunks is not None

    result = await asyncio.to_thread(
        CliRunner().invoke, APP, ["record", "nobody", *arguments[2:-1], str(tmp_path / "x")]
    )
    assert result.exit_code == 2
    assert "no device 'nobody'" in result.output
