"""``edge-gateway print``: what will be printed, without a printer; and the print jobs of the running gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edge_gateway.commands._print_jobs import JobGroup, cancel, clear_error, dismiss, jobs, reprint

if TYPE_CHECKING:
    from edge_gateway.preview.rendered import Printer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(cls=JobGroup, no_args_is_help=True, help="Print jobs, and what a printer will print.")
    app.add_typer(commands, name="print")
    commands.command("preview")(preview)
    commands.command("jobs")(jobs)
    commands.command("cancel")(cancel)
    commands.command("reprint")(reprint)
    commands.command("dismiss")(dismiss)
    commands.command("clear-error")(clear_error)


def preview(
    document: Path = typer.Argument(
        metavar="DOCUMENT.json",
        help="A print document (a list), or params of print: document, template and data, label.",
    ),
    picture: Path | None = typer.Option(None, "--preview", metavar="OUT.png", help="Write the paper there as PNG."),
    is_text: bool = typer.Option(False, "--text", help="Print the paper as text."),
    profile: str | None = typer.Option(None, "--profile", help="As a printer of this profile, such as epson-tm-t20."),
    config: Path | None = typer.Option(
        None, "--config", help="As a printer of this configuration file; with --device."
    ),
    device: str | None = typer.Option(None, "--device", metavar="ID", help="Its id in the configuration."),
    columns: int | None = typer.Option(None, "--columns", help="Another width than the profile's, such as 32."),
    templates: Path | None = typer.Option(None, "--templates", help="Folder of the site's own templates."),
    as_json: bool = typer.Option(False, "--json", help="Print what came of it as JSON."),
) -> None:
    """Show what a printer will print, without one: PNG (a dot for a dot) and text.

    The printer's own driver makes the bytes, and the simulated printer, which shares no code with it, reads them. What
    a real printer would garble is told, and the exit code is then 1. Printing itself is asked for on the bus.
    """
    from edge_gateway.contracts.errors import ConfigError, RequestError
    from edge_gateway.preview.rendered import read_content, render
    from edge_gateway.preview.shown import show

    if picture is None and not is_text and not as_json:
        raise typer.BadParameter("say where the picture goes, or --text", param_hint="--preview")
    try:
        job = render(_printer(profile, config, device, columns), read_content(document), templates)
        shown = show(job)
        if picture is not None:
            picture.write_bytes(shown.png)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except RequestError as error:
        typer.echo(f"{error.code.value}: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        raise typer.BadParameter(f"{error.filename}: {error.strerror}", param_hint="DOCUMENT.json") from error
    if as_json:
        facts = {"bytes": len(job.rendered.data), "replaced_count": job.rendered.replaced_count}
        typer.echo(json.dumps({**facts, "problems": shown.problems, "text": shown.text}, ensure_ascii=False))
    elif is_text:
        typer.echo(shown.text, nl=False)
    for problem in shown.problems:
        typer.echo(f"a printer would garble this: {problem}", err=True)
    raise typer.Exit(1 if shown.problems else 0)


def _printer(profile: str | None, config: Path | None, device: str | None, columns: int | None) -> Printer:
    from edge_gateway.preview.rendered import printer_of_device, printer_of_profile
    from edge_gateway.settings_loader import load_settings

    if (profile is None) == (config is None) or (config is None) != (device is None):
        raise typer.BadParameter("name a --profile, or a --config and a --device of it", param_hint="--profile")
    if config is not None and device is not None:
        return printer_of_device(load_settings(config), device)
    own = {} if columns is None else {"columns": columns}
    return printer_of_profile(profile or "", own)
