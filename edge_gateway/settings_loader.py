"""Reads ``config/gateway.toml``: every problem at once, each with its line, what stands there and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.settings import SITE_PROFILES, DeviceSettings, GatewaySettings
from edge_gateway.settings_kitchen import KitchenSettings
from edge_gateway.settings_references import reference_problems
from edge_gateway.settings_words import as_written, describe, did_you_mean, dotted, key_path, kinds_at, shown
from edge_gateway.toml_lines import KeyPath, find_key_lines, line_of

FILE_BYTES_MAX = 262_144
"""A store's file is a few KB; a larger one is a wrong path (a database, a log), and is not read into memory."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that is TOML: its values, and the lines of its keys."""

    source: str
    data: Mapping[str, Any]
    lines: Mapping[KeyPath, int] = field(repr=False)

    def problem(self, path: Sequence[str | int], expected: str, *, value: str | None = None) -> ConfigProblem:
        """A problem at a key; the value is looked up, and a secret one not shown."""
        return ConfigProblem(
            dotted(path), shown(path, self.data) if value is None else value, expected, line_of(path, self.lines)
        )

    def locate(self, problems: Iterable[ConfigProblem]) -> tuple[ConfigProblem, ...]:
        """Problems of the layers above (profiles, drivers), with the line of their key where they have none."""
        return tuple(
            problem
            if problem.line or problem.source
            else replace(problem, line=line_of(key_path(problem.key, self.data), self.lines))
            for problem in problems
        )


def load_settings(path: Path) -> GatewaySettings:
    """The validated settings. Raises ConfigError with every problem of the file."""
    file = read_config(path)
    settings, problems = check_config(file)
    if settings is None or problems:
        raise ConfigError(in_order(problems), file.source)
    return settings


def read_config(path: Path) -> ConfigFile:
    """The file as TOML. Raises ConfigError if it cannot be read or is not TOML."""
    source = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); give the path of a readable file"
        raise ConfigError([ConfigProblem("file", source, reason)], source) from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigError(
            [ConfigProblem("file", source, f"is larger than {FILE_BYTES_MAX} bytes: the wrong file?")], source
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = ConfigProblem("file", f"byte 0x{content[error.start]:02x}", "the file must be UTF-8 text", line)
        raise ConfigError([problem], source) from error
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(error, text)], source) from error
    return ConfigFile(source, data, find_key_lines(text))


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


def _syntax_problem(error: tomllib.TOMLDecodeError, text: str) -> ConfigProblem:
    found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    content = text.split("\n")[line - 1].strip()[:80]
    # The line may be that of a secret: only its key is shown.
    key, equals, _ = content.partition("=")
    message = str(error)[: found.start()] if found else str(error)
    column = f", column {found[2]}" if found and found[2] else ""
    return ConfigProblem(
        "syntax",
        f"{key.strip()} = …" if equals else content or "(empty)",
        f"the line is not TOML: {message}{column}",
        line,
    )


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
