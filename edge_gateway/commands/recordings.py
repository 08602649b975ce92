"""``edge-gateway record`` and ``replay``: capture a device's bytes, play them through the real driver."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.recordings.session import Line
    from edge_gateway.transports.recording import Recording

EXIT_FAILED = 1
EXIT_USAGE = 2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(record)
    app.command()(replay)


def record(
    device: str = typer.Argument(help="Id of a device of the configuration."),
    config: Path = typer.Option(Path("/etc/edge-gateway/gateway.toml"), "--config", help="Configuration file."),
    output: Path = typer.Option(..., "--output", help="File to write; it must not exist yet."),
    seconds: float = typer.Option(30.0, min=0.1, help="How long to record; Ctrl-C ends it earlier."),
    note: str = typer.Option("", help="Model, firmware, what is done with the device."),
    source: str = typer.Option("hardware", help="hardware, simulator or manual."),
    as_json: bool = typer.Option(False, "--json", help="Print what the driver said as JSON lines."),
) -> None:
    """Record the bytes of one device while its driver runs. The gateway must not hold the device at the same time."""
    import asyncio

    from edge_gateway.contracts.errors import ConfigError, EdgeGatewayError
    from edge_gateway.recordings.recorder import write_recording
    from edge_gateway.settings_loader import load_settings

    try:
        settings = load_settings(config)
        found = {each.id: each for each in settings.device}
    except ConfigError as error:
        raise _usage(str(error)) from None
    if device not in found:
        raise _usage(f"record: no device {device!r} in {config}; there are: {', '.join(found) or 'none'}")
    if output.exists():
        raise _usage(f"record: {output} exists; name another file")

    def tell(line: Line) -> None:
        typer.echo(json.dumps(line, ensure_ascii=False) if as_json else _for_people(line))

    try:
        recording = write_recording(found[device], output, seconds, note, source, tell, settings.profile_directories)
        count = asyncio.run(recording)
    except ConfigError as error:
        raise _usage(str(error)) from None
    except (EdgeGatewayError, OSError) as error:
        typer.echo(f"record: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    typer.echo(f"{count} chunks written to {output}", err=True)


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
