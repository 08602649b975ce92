"""``edge-gateway simulate``: run one simulator, found by its name."""

from __future__ import annotations

import json
from types import ModuleType

import typer

EXIT_FAILED = 1
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
    """Run one simulator on a pty, a TCP port, or the broker; simulate NAME --help shows its options."""
    if list_all:
        _print_list(as_json)
        return
    if name is None:
        typer.echo("simulate: name a simulator; --list shows them", err=True)
        raise typer.Exit(EXIT_USAGE)
    module = _module(name)
    if module is None:
        typer.echo(f"simulate: no simulator {name!r}; there are: {', '.join(simulator_modules())}", err=True)
        raise typer.Exit(EXIT_USAGE)
    try:
        code = module.main(context.args)
    except OSError as error:
        typer.echo(f"simulate {name}: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    raise typer.Exit(code)


def simulator_modules() -> dict[str, ModuleType]:
    """Name to module: each module or package of ``simulators`` that has a ``main``, with dashes in its name."""
    import pkgutil

    import simulators

    names = sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(simulators.__path__))
    return {name: module for name in names if (module := _module(name)) is not None}


def _module(name: str) -> ModuleType | None:
    import importlib
    import importlib.util

    # Only the one that is asked for is imported: some bring a web server or an image library.
    dotted = f"simulators.{name.replace('-', '_')}"
    if not name.replace("-", "").isalnum() or importlib.util.find_spec(dotted) is None:
        return None
    module = importlib.import_module(dotted)
    return module if callable(getattr(module, "main", None)) else None


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
