"""``edge-gateway torture-print``: the print campaign."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add ``torture-print``."""

    @app.command("torture-print")
    def torture_print(
        seed: int = typer.Option(1, help="Of jobs and faults."),
        jobs: int = typer.Option(500, min=1, max=9999, help="How many are printed."),
        report: Path | None = typer.Option(None, "--json", "--report", help="Write the report as JSON."),
        directory: Path | None = typer.Option(None, help="Keep configuration, logs and the paper here."),
        without: list[str] = typer.Option([], metavar="FAULT", help="Leave this fault out; may be given again."),
    ) -> None:
        """Print under faults drawn from a seed, heal everything, and look for a broken promise on the paper.

        Kills and stops the gateway and its broker, unplugs printers, switches them off, takes their paper and opens
        their covers, at bytes in the middle of jobs. Exits 1 if a job is lost, printed twice, or told wrong.
        """
        import uvloop

        from simulators.print_torture.campaign import PrintTortureOptions, run_print_torture
        from simulators.print_torture.faults import fault_names

        names = fault_names()
        if unknown := sorted(set(without) - set(names)):
            raise typer.BadParameter(
                f"{', '.join(unknown)}; expected some of {', '.join(names)}", param_hint="--without"
            )
        command = f"edge-gateway torture-print --seed {seed} --jobs {jobs}"
        command += "".join(f" --without {name}" for name in sorted(without))
        options = PrintTortureOptions(seed, jobs, report, directory, frozenset(without), command)
        raise typer.Exit(uvloop.run(run_print_torture(options)))
