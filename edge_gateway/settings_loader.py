"""Reads ``config/gateway.toml``: every problem at once, each with its line, what stands there and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.settings import SITE_PROFILES, DeviceSettings, GatewaySettings
from edge_gateway.settings_file import ConfigFile, read_config
from edge_gateway.settings_kitchen import KitchenSettings
from edge_gateway.settings_references import reference_problems
from edge_gateway.settings_words import as_written, describe, did_you_mean, kinds_at
from edge_gateway.toml_lines import KeyPath


def load_settings(path: Path) -> GatewaySettings:
    """The validated settings. Raises ConfigError with every problem of the file."""
    file = read_config(path)
    settings, problems = check_config(file)
    if settings is None or problems:
        raise ConfigError(in_order(problems), file.source)
    return settings


def check_config(file: ConfigFile) -> tuple[GatewaySettings | None, list[ConfigProblem]]:
    """The settings, if the models accept the values; and every problem, of the values and of what they refer to."""
    problems: list[ConfigProblem] = []
    settings = None
    try:
        settings = GatewaySettings.model_validate(file.data)
    except ValidationError as error:
        problems += [_model_problem(file, details) for details in error.errors(include_url=False)]
    problems += reference_problems(file)
    return settings, problems


def usable_devices(file: ConfigFile) -> dict[int, DeviceSettings]:
    """By their place in the file, the devices that are well formed: their profiles can be checked although the file
    has problems elsewhere."""
    entries = file.data.get("device", [])
    devices = {}
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        try:
            devices[index] = DeviceSettings.model_validate(entry)
        except ValidationError:
            continue  # check_config tells what is wrong with it
    return devices


def kitchen_of(file: ConfigFile) -> KitchenSettings:
    """As the settings will have it; an empty one where it is not well formed."""
    try:
        return KitchenSettings.model_validate(file.data.get("kitchen", {}))
    except ValidationError:
        return KitchenSettings()  # check_config tells what is wrong with it


def profile_directories(file: ConfigFile) -> tuple[Path, ...]:
    """As the settings will have them, also where the file has problems elsewhere."""
    directory = file.data.get("profiles_directory")
    return (Path(directory) if isinstance(directory, str) else SITE_PROFILES,)


def in_order(problems: Iterable[ConfigProblem]) -> list[ConfigProblem]:
    """In the order of the file, those without a line (whole sections that are missing) first; then those of others."""
    return sorted(problems, key=lambda problem: (problem.source or "", problem.line or 0, problem.key))


def _model_problem(file: ConfigFile, details: Mapping[str, Any]) -> ConfigProblem:
    location: KeyPath = tuple(details["loc"])
    path, value = as_written(location, file.data), None
    match details["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            path, expected = (*path, "kind"), f"expected one of {', '.join(kinds_at(location))}"
        case "missing":
            expected, value = f"required; {describe(location)}", "(missing)"
        case "extra_forbidden":
            expected = did_you_mean(location)
        case "value_error":
            expected = str(details["ctx"]["error"])
        case _:
            expected = f"expected {describe(location)}"
    return file.problem(path, f"{_uplink_words(path, file.data)}{expected}", value=value)


def _uplink_words(path: KeyPath, data: Mapping[str, Any]) -> str:
    """Which uplink, by the name that logs and status know it by."""
    match path:
        case ("uplink", int(index), *_) if isinstance(data["uplink"][index], dict):
            name = data["uplink"][index].get("name")
            return f"uplink {name}: " if isinstance(name, str) else ""
    return ""
