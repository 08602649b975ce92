"""``edge-gateway devices adopt``: the ``[[device]]`` section, and a profile stub, for an attached device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.devices.attached.adoption import Adoption


def adopt_device(
    selector: str, directory: Path, profile: str | None, lane: str, own_id: str | None, *, is_writing: bool
) -> None:
    """Print what to add, and write the stub where that is asked. Exit 1 where it cannot be adopted as asked."""
    from edge_gateway.contracts.attachment import parse_selector
    from edge_gateway.contracts.errors import ConfigError
    from edge_gateway.devices.attached.adoption import NoAdoptionError, adopt
    from edge_gateway.devices.attached.inventory import Inventory
    from edge_gateway.devices.profiles import load_profiles

    inventory = Inventory()
    inventory.refresh()
    try:
        parse_selector(selector)
        devices = inventory.matching(selector)
        if len(devices) != 1:
            found = "\n".join(f"  {device.identity}  {device.title}" for device in devices or inventory)
            what = f"{len(devices)} attached devices fit {selector}" if devices else f"{selector} is not attached"
            raise NoAdoptionError(f"{what}; attached are:\n{found or '  nothing'}")
        adoption = adopt(devices[0], load_profiles([directory]), profile_name=profile, lane=lane, own_id=own_id)
    except (NoAdoptionError, ConfigError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if adoption.stub is not None:
        _show_or_write(adoption, directory, is_writing=is_writing)
    typer.echo("# Add to the configuration, and restart the gateway:" if is_writing else "# For the configuration:")
    typer.echo(adoption.section, nl=False)


def _show_or_write(adoption: Adoption, directory: Path, *, is_writing: bool) -> None:
    from edge_gateway.devices.profiles import find_profile_problems

    assert adoption.stub is not None
    path = directory / f"{adoption.profile}.toml"
    if not is_writing:
        typer.echo(f"# {path} (--write puts it there):\n{adoption.stub}")
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(adoption.stub)
    except FileExistsError as error:
        typer.echo(f"{path} is there already: correct it, or remove it first", err=True)
        raise typer.Exit(1) from error
    except OSError as error:
        typer.echo(f"{path} cannot be written ({error.strerror}): run this as root", err=True)
        raise typer.Exit(1) from error
    if (problems := find_profile_problems(adoption.profile, [directory])) is not None:
        path.unlink()
        typer.echo(f"the profile would not do: {problems}", err=True)
        raise typer.Exit(1)
    typer.echo(f"# Written: {path}")
