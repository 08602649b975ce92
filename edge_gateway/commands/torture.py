"""``edge-gateway torture``: the oracle campaign."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add ``torture``."""

    @app.command()
    def torture(
        seed: int = typer.Option(1, help="Of sales and faults."),
        minutes: float = typer.Option(1.0, min=0.1, help="How long faults happen."),
        report: Path | None = typer.Option(None, "--json", "--report", help="Write the report as JSON."),
        directory: Path | None = typer.Option(None, help="Keep configuration, logs and the cloud's journal here."),
    ) -> None:
        """Trade under faults drawn from a seed, heal everything, and look for a broken promise.

        Kills and stops the gateway, its broker, its links and its cloud, fills its disk, moves its clock and damages
        its files. Exits 1 if anything accepted is lost, changed, applied twice or out of order.
        """
        import uvloop

        from simulators.torture.campaign import TortureOptions, run_torture

        command = f"edge-gateway torture --seed {seed} --minutes {minutes:g}"
        options = TortureOptions(seed, minutes, report, directory, command=command)
        raise typer.Exit(uvloop.run(run_torture(options)))
