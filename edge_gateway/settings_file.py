"""The configuration file as TOML: its values and the lines of its keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.settings_words import dotted, key_path, shown
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
