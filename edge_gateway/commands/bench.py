"""``edge-gateway bench``: benchmarks beside their own floor."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.bench.result import BenchResult


def register(app: typer.Typer) -> None:
    """Add ``bench NAME``."""
    bench = typer.Typer(no_args_is_help=True, help="Benchmarks: ours, the floor measured in the same run, the ratio.")
    app.add_typer(bench, name="bench")

    @bench.command("scan-latency")
    def scan_latency(
        scans: int = typer.Option(500, min=10, help="Scans per program and mode."),
        as_json: bool = typer.Option(False, "--json", help="Print JSON."),
    ) -> None:
        """A scan on a pty, durable, on the bus, in another process; beside the leanest program."""
        from edge_gateway.bench import scan_latency

        _print(asyncio.run(scan_latency.run(scans)), as_json=as_json)

    @bench.command("idle")
    def idle(
        seconds: float = typer.Option(20.0, min=1.0, help="How long CPU is watched."),
        as_json: bool = typer.Option(False, "--json", help="Print JSON."),
    ) -> None:
        """Memory, threads and CPU with 12 simulated devices; beside a bare interpreter."""
        from edge_gateway.bench import idle

        _print(asyncio.run(idle.run(seconds)), as_json=as_json)


def _print(result: BenchResult, *, as_json: bool) -> None:
    body = result.to_json()
    if as_json:
        typer.echo(json.dumps(body))
        return
    typer.echo(f"{body['name']}: {body['ours']} beside {body['floor']} {body['unit']}: ratio {body['ratio']}")
    for case in body["cases"]:
        typer.echo("  " + ", ".join(f"{key} {value}" for key, value in case.items()))
