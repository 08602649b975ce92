"""``edge-gateway record`` and ``replay``: capture a device's bytes, play them through the real driver."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.recordings.session import Line
    from edge_gateway.settings import GatewaySettings
    from edge_gateway.transports.recording import Recording

EXIT_FAILED = 1
EXIT_USAGE = 2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(record)
    app.command()(replay)


def record(
    device: str = typer.Argument(help="Id of a device, as edge-gateway devices lists it."),
    config: Path = typer.Option(Path("/etc/edge-gateway/gateway.toml"), "--config", help="Configuration file."),
    output: Path | None = typer.Option(None, "--output", help="File to write; it must not exist yet."),
    seconds: float = typer.Option(30.0, min=0.1, help="How long to record; Ctrl-C ends it earlier."),
    last: bool = typer.Option(
        False, "--last", help="What went over the wire in the last minutes, from the running gateway; nothing new."
    ),
    note: str = typer.Option("", help="Model, firmware, what is done with the device."),
    source: str = typer.Option("hardware", help="hardware, simulator or manual."),
    as_json: bool = typer.Option(False, "--json", help="Print what the driver said as JSON lines."),
) -> None:
    """Record the bytes of one device. A running gateway goes on using it; else its driver runs here meanwhile."""
    import asyncio

    from edge_gateway.contracts.errors import ConfigError, EdgeGatewayError
    from edge_gateway.settings_loader import load_settings

    try:
        settings = load_settings(config)
    except ConfigError as error:
        raise _usage(str(error)) from None
    if output is None and not last:
        raise _usage("record: --output FILE is missing (only --last prints)")
    if output is not None and output.exists():
        raise _usage(f"record: {output} exists; name another file")

    def tell(line: Line) -> None:
        typer.echo(json.dumps(line, ensure_ascii=False) if as_json else _for_people(line))

    try:
        known = [each.id for each in settings.device]
        if device not in known and not asyncio.run(_is_held(settings, device)):
            there = ", ".join(known) or "none"
            raise _usage(f"record: no device {device!r} in {config}, and no gateway here took it; there are: {there}")
        if output is None or last:
            _write_last(settings, device, output, note, source)
            return
        count = asyncio.run(_record(settings, device, output, seconds, note, source, tell))
    except ConfigError as error:
        raise _usage(str(error)) from None
    except (EdgeGatewayError, OSError) as error:
        typer.echo(f"record: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    typer.echo(f"{count} chunks written to {output}", err=True)


async def _is_held(settings: GatewaySettings, device: str) -> bool:
    """By the running gateway: one that discovery took is in no file."""
    from edge_gateway.recordings.running import RunningGateway

    return await RunningGateway(settings.status).raw(device) is not None


def _write_last(settings: GatewaySettings, device: str, output: Path | None, note: str, source: str) -> None:
    import asyncio

    from edge_gateway.recordings.running import RunningGateway, last_bytes

    recording = asyncio.run(last_bytes(RunningGateway(settings.status), device, note, source))
    if output is None:
        typer.echo(str(recording), nl=False)
        return
    output.write_text(str(recording), encoding="utf-8")
    typer.echo(f"{len(recording.chunks)} chunks written to {output}", err=True)


async def _record(
    settings: GatewaySettings,
    device: str,
    output: Path,
    seconds: float,
    note: str,
    source: str,
    tell: Callable[[Line], None],
) -> int:
    """From the gateway that holds the device, else from the device itself."""
    from edge_gateway.contracts.clock import SystemClock
    from edge_gateway.recordings.recorder import write_recording
    from edge_gateway.recordings.running import RunningGateway, tap_recording
    from edge_gateway.transports.recording import RecordingError

    gateway = RunningGateway(settings.status)
    if await gateway.raw(device) is not None:
        typer.echo(f"the gateway at {gateway.url} has the device: recording what passes there", err=True)
        return await tap_recording(gateway, device, output, seconds, note, source, SystemClock())
    found = next((each for each in settings.device if each.id == device), None)
    if found is None:
        raise RecordingError(f"the gateway at {gateway.url}, which had taken {device!r}, is gone")
    directories = settings.profile_directories
    return await write_recording(found, output, seconds, note, source, tell, directories, settings.device)


def replay(
    recording: Path = typer.Argument(help="A .rec file."),
    expect: Path | None = typer.Option(None, help="Compare with this file; exit 1 where it differs."),
    profiles: list[Path] = typer.Option(
        [], help="Further directories of firmware profiles, before /etc/edge-gateway/profiles.d."
    ),
) -> None:
    """Play a recording through the real driver and print what the driver says, as JSON lines."""
    import asyncio
    import difflib

    from edge_gateway.contracts.errors import ConfigError, EdgeGatewayError
    from edge_gateway.recordings.replay import as_text
    from edge_gateway.recordings.replay import replay as play
    from edge_gateway.settings import SITE_PROFILES

    try:
        lines = as_text(asyncio.run(play(_read(recording), (*profiles, SITE_PROFILES))))
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        raise _usage(f"replay: {error}") from None
    except EdgeGatewayError as error:
        typer.echo(f"replay: {recording}: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    if expect is None:
        for line in lines:
            typer.echo(line)
        return
    expected = expect.read_text("utf-8").splitlines() if expect.exists() else []
    difference = list(difflib.unified_diff(expected, lines, str(expect), str(recording), lineterm=""))
    for line in difference:
        typer.echo(line)
    if difference or not expect.exists():
        raise typer.Exit(EXIT_FAILED)


def _read(path: Path) -> Recording:
    from edge_gateway.transports.recording import parse

    return parse(path.read_text("utf-8"))


def _for_people(line: Line) -> str:
    if "event" in line:
        return f"{line['event']}: {json.dumps(line['data'], ensure_ascii=False)}"
    return json.dumps(line, ensure_ascii=False)


def _usage(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(EXIT_USAGE)
