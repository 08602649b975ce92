"""``edge-gateway new-driver``: write the files of a new protocol, each in its place."""

from __future__ import annotations

import json
from pathlib import Path

import typer

EXIT_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new-driver")(new_driver)


def new_driver(
    device_class: str = typer.Argument(metavar="CLASS", help="UnifiedPOS device class: scale, scanner, lights …"),
    name: str = typer.Argument(help="Lower case words with dashes, such as acme-9."),
    directory: Path = typer.Option(Path(), "--directory", help="The source tree."),
    as_json: bool = typer.Option(False, "--json", help="Print what was written as JSON."),
) -> None:
    """Write the files of a new protocol: they work as they are, and are then changed into the device's own.

    Codec, driver (a scale needs none), profile, simulator, recording with its expectation, and test. A further model of
    a known protocol needs none of it: a profile is enough; nor does a serial scanner or scale whose framing a profile
    can describe (drivers/README.md).
    """
    from edge_gateway.contracts.states import DeviceClass
    from edge_gateway.scaffold.writer import NewDriver, expect, is_source_tree, write

    classes = [known.value for known in DeviceClass]
    if device_class not in classes:
        raise typer.BadParameter(f"{device_class!r}: expected one of {', '.join(classes)}", param_hint="CLASS")
    new = NewDriver(DeviceClass(device_class), name)
    if problem := new.problem():
        raise typer.BadParameter(problem, param_hint="NAME")
    if not is_source_tree(directory):
        raise typer.BadParameter(
            f"{directory.resolve()}: is no source tree of edge-gateway; run it in a checkout, or name one",
            param_hint="--directory",
        )
    try:
        written = [*write(new, directory), expect(new, directory)]
    except OSError as error:
        typer.echo(f"new-driver: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    if as_json:
        typer.echo(json.dumps({"protocol": new.protocol, "written": [str(path) for path in written]}))
        return
    for path in written:
        typer.echo(str(path))
    typer.echo(f"\nNext: pytest tests/drivers/test_{new.snake}.py tests/codecs tests/recordings, ./dev docs.")
    typer.echo("Then replace what they say by what the device's document says.")
    if new.device_class not in (DeviceClass.SCALE, DeviceClass.SCANNER):
        typer.echo(f"Words on the bus are shared: add {device_class} read_status to edge_gateway/schemas/catalogue.py.")
