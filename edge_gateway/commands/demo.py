"""``edge-gateway demo``: a whole store in a box."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add ``demo``."""

    @app.command()
    def demo(
        seconds: float | None = typer.Option(None, min=1, help="Stop after so long (default: at Ctrl-C)."),
        headless: bool = typer.Option(False, help="No live view; print the report's figures."),
        report: Path | None = typer.Option(None, help="Write the report as JSON."),
        chaos: bool = typer.Option(False, help="Unplug devices, stop the broker, stall the cloud, kill the gateway."),
        seed: int | None = typer.Option(None, help="Of shoppers and faults (default: a new one, printed)."),
        directory: Path | None = typer.Option(None, help="Keep configuration, database, logs and receipts here."),
        broker_port: int = typer.Option(0, help="Port of the broker; 0 takes a free one."),
        status_port: int = typer.Option(0, help="Port of the gateway's status endpoint; 0 takes a free one."),
        cloud_port: int = typer.Option(0, help="Port of the simulated cloud; 0 takes a free one."),
        picture: Path | None = typer.Option(None, help="Save the view at the end as SVG."),
    ) -> None:
        """Run a store in a box: broker, gateway, two lanes, tills and a cloud.

        Exits 1 if anything accepted is lost or applied twice, or if a lane sold nothing.
        """
        import uvloop

        from simulators.store_in_a_box.demo import DemoOptions, run_demo

        options = DemoOptions(
            seconds, headless, chaos, seed, report, directory, broker_port, status_port, cloud_port, picture
        )  # fmt: skip
        raise typer.Exit(uvloop.run(run_demo(options)))
