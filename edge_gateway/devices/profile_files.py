"""Profile files: a site's before the packaged ones, each laid over the one that it extends."""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.devices.profile_model import PACKAGED
from edge_gateway.settings_words import as_written, dotted, shown
from edge_gateway.toml_lines import find_key_lines, line_of

PACKAGE: Final = "firmware_profiles"
SUFFIX: Final = ".toml"
FILE_BYTES_MAX: Final = 65_536
"""A profile is a page of text; what is larger is something else, and is not read into memory."""
EXTENDS_MAX: Final = 6
"""Family, series and model, and a site's own over each of them: a longer chain is one that nobody can follow."""
NESTING_MAX: Final = 32
"""Tables and lists within one another: several times what the declarative codec needs, and no stack overflows."""
NAMES_SHOWN_MAX: Final = 3
"""Of profiles with a name like an unknown one."""
NOT_INHERITED: Final = frozenset(
    {"name", "extends", "vendor", "model", "match", "source", "tier", "recording", "firmware"}
)
"""They are of one model. An override, which extends the packaged profile of its own name, is of the same model and
inherits them too."""


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """One file as it is, with its values once it is ``parsed``. ``source``: what people find it by."""

    name: str
    source: str
    text: str
    is_packaged: bool
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def line_of(self, path: Sequence[str | int]) -> int | None:
        """Of a key, or of the table around it."""
        return line_of(path, find_key_lines(self.text))

    def parsed(self) -> ProfileFile:
        """With its values. Raises ConfigError if it is not TOML, or too deep."""
        try:
            data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            line = int(found[1]) if (found := re.search(r"at line (\d+)", str(error))) else None
            problem = ConfigProblem("file", self.source, f"is not TOML: {error}", line)
            raise ConfigError([problem], self.source) from error
        except RecursionError as error:
            raise self._too_deep() from error
        if _is_deeper(data, NESTING_MAX):
            raise self._too_deep()
        return replace(self, data=data)

    def _too_deep(self) -> ConfigError:
        expected = f"expected at most {NESTING_MAX} tables and lists within one another"
        return ConfigError([ConfigProblem("file", self.source, expected)], self.source)


@dataclass(frozen=True, slots=True)
class Merged:
    """A profile's values with those of the profiles it extends, and where each comes from."""

    files: tuple[ProfileFile, ...]
    """The profile itself first."""
    data: Mapping[str, Any]
    problems: tuple[ConfigProblem, ...] = ()
    """Of ``extends``; the values are then the profile's own."""

    def problem(self, path: Sequence[str | int], expected: str) -> ConfigProblem:
        """A problem at a key: its value, and the file and line that say so: the profile's own, or of one it extends."""
        own, path = self.files[0], as_written(path, self.data)
        file = next((each for each in self.files if _has(each.data, path)), own)
        inherited = "" if file is own else f" (inherited by {own.source})"
        return ConfigProblem(
            dotted(path), shown(path, self.data), f"{expected}{inherited}", file.line_of(path), file.source
        )


class ProfileFiles:
    """The files of a site's directories, in their order, and the packaged ones. Read when they are asked for."""

    def __init__(self, directories: Sequence[Path] = ()) -> None:
        self._directories = directories

    def names(self) -> list[str]:
        """Every name that ``find`` finds. Raises ConfigError if a directory cannot be read."""
        own = (path.stem for directory in self._directories for path in _listed(directory))
        return sorted({*own, *_packaged_names()})

    def find(self, name: str, *, is_packaged: bool = False) -> ProfileFile | None:
        """The first file of this name. Raises ConfigError if it cannot be read."""
        for directory in () if is_packaged else self._directories:
            for path in _listed(directory):
                if path.stem == name:
                    return ProfileFile(name, str(path), _read(path), is_packaged=False)
        if name in _packaged_names():
            resource = importlib.resources.files(PACKAGE) / f"{name}{SUFFIX}"
            return ProfileFile(name, f"{PACKAGE}/{name}{SUFFIX}", resource.read_text("utf-8"), is_packaged=True)
        return None

    def merged(self, name: str) -> Merged:
        """A profile over those it extends. Raises ConfigError if it is unknown, unreadable or not TOML."""
        found = self.find(name)
        if found is None:
            raise ConfigError([ConfigProblem("profile", repr(name), _unknown(name, self.names()))], "firmware profiles")
        own = found.parsed()
        chain = [own]
        try:
            chain.extend(self._bases(own))
        except _ExtendsError as error:
            return Merged((own,), own.data, (Merged((own,), own.data).problem(("extends",), str(error)),))
        data: Mapping[str, Any] = {}
        for index in range(len(chain) - 1, -1, -1):
            is_override = index + 1 < len(chain) and chain[index].name == chain[index + 1].name
            kept = data if is_override else {key: value for key, value in data.items() if key not in NOT_INHERITED}
            data = _over(kept, chain[index].data)
        return Merged(tuple(chain), data)

    def _bases(self, file: ProfileFile) -> Iterator[ProfileFile]:
        """What it extends, and what that extends. Raises _ExtendsError."""
        seen = [file]
        while (named := seen[-1].data.get("extends")) is not None:
            if not isinstance(named, str):
                raise _ExtendsError("expected the name of a profile")
            way = " -> ".join([*(each.name for each in seen), named])
            base = self.find(named.removeprefix(PACKAGED), is_packaged=named.startswith(PACKAGED))
            if base is None:
                names = self.names() if not named.startswith(PACKAGED) else _packaged_names()
                raise _ExtendsError(f"no such profile ({way}); {_unknown(named.removeprefix(PACKAGED), names)}")
            if any(base.source == each.source for each in seen):
                hint = f"; the packaged one of this name is {PACKAGED}{base.name}" if not base.is_packaged else ""
                raise _ExtendsError(f"a profile cannot extend itself: {way}{hint}")
            if len(seen) > EXTENDS_MAX:
                raise _ExtendsError(f"more than {EXTENDS_MAX} profiles over one another: {way}")
            try:
                base = base.parsed()
            except ConfigError as error:
                raise _ExtendsError(f"in {error.source}: {error.problems[0]}") from error
            seen.append(base)
            yield base


class _ExtendsError(Exception):
    """What is wrong with a chain of profiles."""


def _unknown(name: str, names: Iterable[str]) -> str:
    """What was probably meant; not all of the names: there are two hundred."""
    known = sorted(names)
    if near := difflib.get_close_matches(name, known, n=NAMES_SHOWN_MAX, cutoff=0.6):
        return f"did you mean {' or '.join(near)}? {len(known)} profiles are known, see docs/devices"
    shown = [each for each in known if each.startswith("generic-")][:NAMES_SHOWN_MAX]
    return f"expected one of {len(known)} profiles, see docs/devices, such as {', '.join(shown or known[:1])}"


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Tables key by key, all else as a whole."""
    merged = dict(base)
    for key, value in own.items():
        inherited = merged.get(key)
        is_table = isinstance(value, Mapping) and isinstance(inherited, Mapping)
        merged[key] = _over(inherited, value) if is_table else value  # type: ignore[arg-type]  # both are tables
    return merged


def _is_deeper(value: Any, depth_max: int) -> bool:
    """Level by level: dotted keys make tables deeper than any stack."""
    level = [value]
    for _ in range(depth_max + 1):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)


def _has(data: Any, path: Sequence[str | int]) -> bool:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


@functools.cache
def _packaged_names() -> frozenset[str]:
    """They change with the package, and then the gateway is started anew."""
    names = (resource.name for resource in importlib.resources.files(PACKAGE).iterdir())
    return frozenset(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX))


def _listed(directory: Path) -> list[Path]:
    """A directory that is not there is an empty one. Only files: a FIFO of that name would never end."""
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == SUFFIX and path.is_file())
    except FileNotFoundError:
        return []
    except OSError as error:
        problem = ConfigProblem("directory", str(directory), f"cannot be read: {error}")
        raise ConfigError([problem], "firmware profiles") from error


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise ConfigError([ConfigProblem("file", str(path), f"has more than {FILE_BYTES_MAX} bytes")], str(path))
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([ConfigProblem("file", str(path), f"cannot be read: {error}")], str(path)) from error
