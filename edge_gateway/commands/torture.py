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
        without: list[str] = typer.Option([], metavar="FAULT", help="Leave this fault out; may be given again."),
    ) -> None:
        """Trade under faults drawn from a seed, heal everything, and look for a broken promise.

        Kills and stops the gateway, its broker, its links and its cloud, fills its disk, moves its clock and damages
        its files. Exits 1 if anything accepted is lost, changed, applied twice or out of order.
        """
        import uvloop

        from simulators.torture.campaign import TortureOptions, run_torture
        from simulators.torture.table import FAULTS

        names = sorted(kind.name for kind in FAULTS)
        if unknown := sorted(set(without) - set(names)):
            raise typer.BadParameter(
                f"{', '.join(unknown)}; expected some of {', '.join(names)}", param_hint="--without"
            )
        command = f"edge-gateway torture --seed {seed} --minutes {minutes:g}"
        command += "".join(f" --without {name}" for name in sorted(without))
        options = TortureOptions(seed, minutes, report, directory, frozenset(without), command)
        raise typer.Exit(uvloop.run(run_torture(options)))
