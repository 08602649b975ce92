"""``edge-gateway bench``: benchmarks beside their own floor."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from edge_gateway.bench.result import BenchResult

_JSON = typer.Option(False, "--json", help="Print JSON.")
_DIRECTORY = typer.Option(None, help="Where the stores are made: the disk that is measured.")
_CLEAR = typer.Option(False, "--in-clear", help="Without encryption at rest.")


def register(app: typer.Typer) -> None:
    """Add ``bench NAME``."""
    bench = typer.Typer(no_args_is_help=True, help="Benchmarks: ours, the floor measured in the same run, the ratio.")
    app.add_typer(bench, name="bench")
    _register_scans(bench)
    _register_scales(bench)
    _register_printers(bench)
    _register_stores(bench)
    _register_cloud(bench)


def _register_scans(bench: typer.Typer) -> None:
    @bench.command("scan-latency")
    def scan_latency(
        scans: int = typer.Option(500, min=10, help="Scans per program and mode."), as_json: bool = _JSON
    ) -> None:
        """A scan on a pty, durable, on the bus, in another process; beside the leanest program."""
        from edge_gateway.bench import scan_latency

        _run(scan_latency.run(scans), as_json=as_json)

    @bench.command("cloud-trouble")
    def cloud_trouble(
        scans: int = typer.Option(500, min=10, help="Scans with each cloud."), as_json: bool = _JSON
    ) -> None:
        """A scan's latency with the cloud dead, stalled or refusing; beside a healthy one."""
        from edge_gateway.bench import cloud_trouble

        _run(cloud_trouble.run(scans), as_json=as_json)

    @bench.command("idle")
    def idle(
        seconds: float = typer.Option(20.0, min=1.0, help="How long CPU is watched."), as_json: bool = _JSON
    ) -> None:
        """Memory, threads and CPU with 12 simulated devices; beside a bare interpreter."""
        from edge_gateway.bench import idle

        _run(idle.run(seconds), as_json=as_json)


def _register_scales(bench: typer.Typer) -> None:
    @bench.command("weigh")
    def weigh(
        changes: int = typer.Option(300, min=10, help="Weights laid down for each program."), as_json: bool = _JSON
    ) -> None:
        """A weight on a simulated scale, on the bus, in another process; beside the leanest reader."""
        from edge_gateway.bench import weigh

        _run(weigh.run(changes), as_json=as_json)

    @bench.command("codecs")
    def codecs(
        seconds: float = typer.Option(0.3, min=0.001, help="For each codec, and for its floor."), as_json: bool = _JSON
    ) -> None:
        """Frames a second of each codec; beside a loop that only cuts the same bytes."""
        from edge_gateway.bench import codecs

        _run(codecs.run(seconds), as_json=as_json)


def _register_printers(bench: typer.Typer) -> None:
    @bench.command("print")
    def print_(
        receipts: int = typer.Option(10, min=1, help="Receipts over the slow wire, by each program."),
        jobs: int = typer.Option(300, min=3, help="Receipts over TCP, by each program."),
        stall: float = typer.Option(10.0, min=0.5, help="Seconds with stalled printers, and as many without."),
        as_json: bool = _JSON,
    ) -> None:
        """A receipt of forty lines: bytes, rendering, 9600 baud, TCP, and beside a printer that stalls."""
        from edge_gateway.bench import print_path

        _run(print_path.run(receipts, jobs, stall), as_json=as_json)


def _register_stores(bench: typer.Typer) -> None:
    @bench.command("durable-append")
    def durable_append(
        seconds: float = typer.Option(3.0, min=0.1, help="Of each program in each case."),
        directory: Path | None = _DIRECTORY,
        as_json: bool = _JSON,
    ) -> None:
        """Sales on disk a second, 1 to 1000 producers; beside the bare collector."""
        from edge_gateway.bench import durable_append

        _run(durable_append.run(seconds, directory=directory), as_json=as_json)

    @bench.command("accept")
    def accept(
        sales: int = typer.Option(3000, min=10, help="Sales to each program at each number of tills."),
        in_clear: bool = _CLEAR,
        directory: Path | None = _DIRECTORY,
        as_json: bool = _JSON,
    ) -> None:
        """From a till's publish to its accepted, 1 to 100 tills; beside the leanest program."""
        from edge_gateway.bench import accept

        _run(accept.run(sales, is_encrypted=not in_clear, directory=directory), as_json=as_json)

    @bench.command("backlog")
    def backlog(
        appends: int = typer.Option(1000, min=10, help="Sales stored at each number of rows."),
        rows: int = typer.Option(1_000_000, min=1000, help="Rows of the biggest store; the middle one has a tenth."),
        outage_s: float = typer.Option(90.0, min=0.0, help="How long the cloud is away; 0 leaves that part out."),
        in_clear: bool = _CLEAR,
        directory: Path | None = _DIRECTORY,
        as_json: bool = _JSON,
    ) -> None:
        """How long until a sale is on disk behind a backlog; beside a store without one."""
        from edge_gateway.bench import backlog

        counts = (0, rows // 10, rows)
        _run(backlog.run(appends, outage_s, counts, is_encrypted=not in_clear, directory=directory), as_json=as_json)


def _register_cloud(bench: typer.Typer) -> None:
    @bench.command("drain")
    def drain(
        events: int = typer.Option(1_000_000, min=100, help="Events of the backlog."),
        in_clear: bool = _CLEAR,
        directory: Path | None = _DIRECTORY,
        as_json: bool = _JSON,
    ) -> None:
        """A backlog to the cloud over HTTPS while tills go on selling; beside the leanest program."""
        from edge_gateway.bench import drain

        _run(drain.run(events, is_encrypted=not in_clear, directory=directory), as_json=as_json)


def _run(benchmark: Coroutine[Any, Any, BenchResult], *, as_json: bool) -> None:
    """On the daemon's event loop."""
    import uvloop

    from edge_gateway.logs import configure_logging
    from edge_gateway.settings import LogSettings

    configure_logging(LogSettings(level="warning"))
    body = uvloop.run(benchmark).to_json()
    if as_json:
        typer.echo(json.dumps(body))
        return
    typer.echo(f"{body['name']}: {body['ours']} beside {body['floor']} {body['unit']}: ratio {body['ratio']}")
    for case in body["cases"]:
        typer.echo("  " + ", ".join(f"{key} {value}" for key, value in case.items()))
