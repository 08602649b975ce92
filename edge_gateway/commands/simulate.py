"""``edge-gateway simulate``: run one simulator, found by its name."""

from __future__ import annotations

import json
from types import ModuleType

import typer

EXIT_USAGE = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    # Everything after the name belongs to the simulator, --help included.
    app.command(
        name="simulate",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False},
    )(simulate)


def simulate(
    context: typer.Context,
    name: str | None = typer.Argument(None, help="Name of the simulator, as in --list."),
    list_all: bool = typer.Option(False, "--list", help="List the simulators."),
    as_json: bool = typer.Option(False, "--json", help="With --list: as JSON."),
) -> None:
    """Run one simulator on a pty, a TCP port, or the broker; `simulate NAME --help` shows its options."""
    if list_all:
        _print_list(as_json)
        return
    if name is None:
        typer.echo("simulate: name a simulator; --list shows them", err=True)
        raise typer.Exit(EXIT_USAGE)
    module = simulator_modules().get(name)
    if module is None:
        typer.echo(f"simulate: no simulator {name!r}; there are: {', '.join(simulator_modules())}", err=True)
        raise typer.Exit(EXIT_USAGE)
    raise typer.Exit(module.main(context.args))


def simulator_modules() -> dict[str, ModuleType]:
    """Name to module: each module or package of ``simulators`` that has a ``main``, with dashes in its name."""
    import importlib
    import pkgutil

    import simulators

    found = {}
    for information in sorted(pkgutil.iter_modules(simulators.__path__), key=lambda information: information.name):
        module = importlib.import_module(f"{simulators.__name__}.{information.name}")
        if callable(getattr(module, "main", None)):
            found[information.name.replace("_", "-")] = module
    return found


def _print_list(as_json: bool) -> None:
    summaries = {
        name: (module.__doc__ or "").strip().partition("\n")[0] for name, module in simulator_modules().items()
    }
    if as_json:
        typer.echo(json.dumps([{"name": name, "summary": summary} for name, summary in summaries.items()]))
        return
    width = max(map(len, summaries))
    for name, summary in summaries.items():
        typer.echo(f"{name:<{width}}  {summary}")
