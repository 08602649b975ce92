"""The ``edge-gateway`` command: finds the commands and runs one."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

from edge_gateway import __version__, commands

app = typer.Typer(name="edge-gateway", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    """The in-store hardware gateway: peripherals to MQTT, transactions kept durably and forwarded to the cloud."""


def main() -> None:
    """Entry point. Each module of ``edge_gateway.commands`` registers its own; one with a _ is a part."""
    found = (module for module in pkgutil.iter_modules(commands.__path__) if not module.name.startswith("_"))
    for module in sorted(found, key=lambda module: module.name):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(app)
    sys.exit(app())
