"""``edge-gateway config``: check a configuration file, print its JSON Schema or an example."""

from __future__ import annotations

import importlib.resources
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from edge_gateway.contracts.errors import ConfigProblem
    from edge_gateway.settings import DeviceSettings
    from edge_gateway.settings_file import ConfigFile
    from edge_gateway.settings_kitchen import KitchenRoute

EXAMPLE_NAME = "gateway.toml"


def register(app: typer.Typer) -> None:
    """Add ``config check``, ``config schema`` and ``config example``."""
    commands = typer.Typer(help="Check and explain the configuration.", no_args_is_help=True)
    app.add_typer(commands, name="config")

    @commands.command()
    def check(
        file: Path = typer.Argument(help="The configuration file, such as /etc/edge-gateway/gateway.toml."),
        as_json: bool = typer.Option(False, "--json", help="Print the problems as JSON."),
    ) -> None:
        """Print every problem of a configuration file with its line and remedy; exit 2 if there is one."""
        problems = find_problems(file) or find_file_problems(file)
        if as_json:
            typer.echo(json.dumps(_as_json(file, problems), ensure_ascii=False, indent=2))
        elif problems:
            from edge_gateway.contracts.errors import ConfigError

            typer.echo(str(ConfigError(problems, str(file))), err=True)
        else:
            typer.echo(f"{file}: no problems")
        raise typer.Exit(2 if problems else 0)

    @commands.command()
    def schema() -> None:
        """Print the JSON Schema of the configuration, with every key's meaning and default."""
        from edge_gateway.settings import GatewaySettings

        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **GatewaySettings.model_json_schema()}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))

    @commands.command()
    def example() -> None:
        """Print a documented configuration of a store with two lanes, to start from."""
        typer.echo(example_text(), nl=False)


def example_text() -> str:
    """``config/gateway.toml``: packed into the wheel, and where it is in the source tree."""
    packed = importlib.resources.files("edge_gateway") / "resources" / EXAMPLE_NAME
    found = packed if packed.is_file() else Path(__file__).parents[2] / "config" / EXAMPLE_NAME
    return found.read_text("utf-8")


def find_problems(path: Path) -> list[ConfigProblem]:
    """Of the file and of what its devices name: profiles, drivers, transports. In the order of the file."""
    from edge_gateway.contracts.errors import ConfigError
    from edge_gateway.devices.duplicates import find_duplicates
    from edge_gateway.settings_file import read_config
    from edge_gateway.settings_loader import check_config, in_order, kitchen_of, profile_directories, usable_devices

    try:
        file = read_config(path)
    except ConfigError as error:
        return list(error.problems)
    _, problems = check_config(file)
    entries = file.data.get("device")
    directories = profile_directories(file)
    raw = entries if isinstance(entries, list) else []
    duplicates = find_duplicates({place: _with_profile(entry, directories) for place, entry in enumerate(raw)})
    told = {(problem.source, problem.key) for problem in problems}
    usable = usable_devices(file)
    broken = {str(each.get("id")) for place, each in enumerate(raw) if place not in usable and isinstance(each, dict)}
    of_devices = _device_problems(usable, directories, kitchen_of(file).route, broken)
    problems += _language_problems(file)
    for found in file.locate([*duplicates, *of_devices]):
        if (found.source, found.key) not in told:
            told.add((found.source, found.key))
            problems.append(found)
    return in_order(problems)


def find_file_problems(path: Path) -> list[ConfigProblem]:
    """Of a file without other problems, what is no reason not to start: files that its devices name, such as logos."""
    from edge_gateway.devices.files_named import file_problems
    from edge_gateway.devices.resolving import resolve_devices
    from edge_gateway.settings_file import read_config
    from edge_gateway.settings_loader import check_config, in_order

    file = read_config(path)
    settings, _ = check_config(file)
    if settings is None:
        return []
    resolved = resolve_devices(settings.device, settings.profile_directories)
    return in_order(file.locate(file_problems(resolved)))


def _with_profile(entry: Any, directories: Sequence[Path]) -> Any:
    """With the transport settings of its profile, where both can be read: two devices may share a port by them."""
    from edge_gateway.contracts.errors import ConfigError
    from edge_gateway.devices.profiles import load_profile

    match entry:
        case {"profile": str(name), "transport": dict(transport)}:
            try:
                return {**entry, "transport": load_profile(name, directories).transport.of(transport)}
            except ConfigError:
                return entry
    return entry


def _language_problems(file: ConfigFile) -> Iterator[ConfigProblem]:
    """Of the kitchen: each of its tickets would be refused."""
    from edge_gateway.services.print_formats import locale_of
    from edge_gateway.settings_loader import kitchen_of

    language = kitchen_of(file).language
    try:
        locale_of(language, {})
    except ValueError as error:
        yield file.problem(("kitchen", "language"), str(error).partition(": ")[2], value=repr(language))


def _device_problems(
    devices: Mapping[int, DeviceSettings],
    directories: Sequence[Path],
    routes: Sequence[KitchenRoute],
    broken: Collection[str],
) -> list[ConfigProblem]:
    """What the registry says of the devices, by their place in the file, and of the kitchen that prints on them.

    ``broken``: ids of devices that are not well formed.
    """
    from edge_gateway.contracts.errors import ConfigError
    from edge_gateway.devices.printers_named import require_printers
    from edge_gateway.devices.resolving import resolve_devices
    from edge_gateway.devices.wires_needed import require_wires

    places = list(devices)

    def in_file(text: str) -> str:
        """The registry counts the devices that it was given."""
        return re.sub(r"\bdevice\[(\d+)\]", lambda at: f"device[{places[int(at[1])]}]", text)

    problems: list[ConfigProblem] = []
    try:
        resolved = resolve_devices(list(devices.values()), directories)
        for require in (partial(require_printers, resolved, routes, broken), partial(require_wires, resolved)):
            try:
                require()
            except ConfigError as error:
                problems += error.problems
    except ConfigError as error:
        problems += error.problems
    return [replace(each, key=in_file(each.key), expected=in_file(each.expected)) for each in problems]


def _as_json(file: Path, problems: list[ConfigProblem]) -> dict[str, object]:
    return {
        "file": str(file),
        "is_valid": not problems,
        "problems": [
            {
                "file": problem.source or str(file),
                "line": problem.line,
                "key": problem.key,
                "value": problem.value,
                "expected": problem.expected,
            }
            for problem in problems
        ],
    }
