"""Firmware profiles: what is known of a model, as data. The packaged ones, over them those of a site."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from edge_gateway.contracts.driver import Driver, Session, commands_of
from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.fields import PATTERN_WORDS as FIELD_WORDS
from edge_gateway.contracts.fields import in_words, no_such_key
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.profile_files import Merged, ProfileFiles
from edge_gateway.devices.profile_model import PATTERN_WORDS, Match, Profile, TransportDefaults
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TransportSettings
from edge_gateway.settings_words import dotted, shown_value

__all__ = [
    "DriverClass",
    "Match",
    "Profile",
    "TransportDefaults",
    "driver_settings",
    "find_profile_problems",
    "load_driver",
    "load_profile",
    "load_profiles",
    "problem_of",
    "problems_of_profile",
    "profile_names",
    "validated",
]

_TRANSPORT: TypeAdapter[TransportSettings] = TypeAdapter(TransportSettings)
_PLACES: Final[Mapping[str, Mapping[str, Any]]] = {
    "serial": {"path": "/dev/serial/by-id/any"},
    "tcp": {"host": "192.0.2.1"},
    "evdev": {"path": "/dev/input/by-id/any-event-kbd"},
    "hidraw": {"path": "/dev/hidraw0"},
    "usb_printer": {"path": "/dev/usb/lp0"},
    "ble": {"address": "00:00:00:00:00:00"},
    "rfcomm": {"address": "00:00:00:00:00:00"},
    "printer": {"printer": "printer", "carries": "drawer"},
    "gpio": {"lines": {"any": {"line": "any", "direction": "output"}}},
}
"""What only a device can say, so that the rest of a profile's transport can be looked at."""
_WORDS: Final = {**FIELD_WORDS, **PATTERN_WORDS}


class DriverClass(Protocol):
    """What a profile's ``driver`` names: a class that keeps the contract of drivers/README.md."""

    Settings: type[BaseModel]
    device_class: DeviceClass
    commands: Mapping[str, bool]
    events: frozenset[str]

    def __call__(self, session: Session, settings: Any) -> Driver: ...


def load_profile(name: str, directories: Sequence[Path] = ()) -> Profile:
    """The profile ``name``: from the first of ``directories`` that has it, else the packaged one.

    Raises ConfigError with all its problems, or with the names there are if it is unknown.
    """
    merged = ProfileFiles(directories).merged(name)
    profile, problems = validated(merged)
    if profile is None or problems:
        raise ConfigError(problems, merged.files[0].source)
    return profile


def load_profiles(directories: Sequence[Path] = ()) -> list[Profile]:
    """Every profile that can be used, by name; one with problems is left out: find_profile_problems tells them."""
    try:
        names = profile_names(directories)
    except ConfigError:  # the site's directory cannot be read; the packaged ones can
        return load_profiles() if directories else []
    profiles = []
    for name in names:
        with suppress(ConfigError):
            profiles.append(load_profile(name, directories))
    return profiles


def profile_names(directories: Sequence[Path] = ()) -> list[str]:
    """Every name that ``load_profile`` finds."""
    return ProfileFiles(directories).names()


def find_profile_problems(name: str, directories: Sequence[Path] = ()) -> ConfigError | None:
    """Everything that is wrong with a profile, used or not: its values, driver, settings and transports."""
    try:
        merged = ProfileFiles(directories).merged(name)
    except ConfigError as error:
        return error
    problems = problems_of_profile(merged)
    return ConfigError(problems, merged.files[0].source) if problems else None


def problems_of_profile(merged: Merged) -> list[ConfigProblem]:
    """The same, of values that were read."""
    _, problems = validated(merged)
    # Looked at in the raw values, so that a problem in one place does not hide another.
    told = {problem.key.partition(".")[0] for problem in problems}
    if not told & {"driver", "device_class"}:
        problems += _driver_problems(merged)
    if "transport" not in told:
        problems += _transport_problems(merged)
    return problems


def load_driver(profile: Profile) -> DriverClass:
    """The driver class. Raises ConfigError if it cannot be imported or is of another device class."""
    found = _driver(profile.driver, profile.device_class)
    if isinstance(found, ConfigProblem):
        raise ConfigError([found], f"profile {profile.name}")
    return found


def driver_settings(driver_class: DriverClass, profile: Profile, device: DeviceSettings) -> BaseModel:
    """The driver's settings: the profile's, over them the device's own. Raises pydantic's ValidationError."""
    return driver_class.Settings.model_validate({**profile.settings, **device.settings})


def problem_of(detail: Any, path: Sequence[str | int], known: Iterable[str] = ()) -> ConfigProblem:
    """One of a model's complaints as the problem of a key. ``known``: the keys that the model has."""
    if detail["type"] == "missing":
        return ConfigProblem(dotted(path), "(missing)", "required")
    is_unknown = detail["type"] == "extra_forbidden"
    expected = no_such_key(str(path[-1]), known) if is_unknown and known else _expected(detail)
    return ConfigProblem(dotted(path), shown_value(path, detail["input"]), expected)


def validated(merged: Merged) -> tuple[Profile | None, list[ConfigProblem]]:
    """The profile if its values can be read, and everything that is wrong with them."""
    problems = list(merged.problems)
    own = merged.files[0]
    profile = None
    try:
        profile = Profile.model_validate(merged.data)
    except ValidationError as error:
        problems += [
            merged.problem(detail["loc"], _expected(detail))
            for detail in error.errors(include_url=False)
            # What is missing may be in the profile that could not be found.
            if not (merged.problems and detail["type"] == "missing")
        ]
    if merged.data.get("name") != own.name and "name" in merged.data:
        problems.append(merged.problem(("name",), f"expected {own.name!r}, as the file"))
    return profile, problems


def _driver(name: str, device_class: DeviceClass) -> DriverClass | ConfigProblem:
    module_name, _, class_name = name.partition(":")
    try:
        loaded: Any = getattr(importlib.import_module(module_name), class_name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary: a site's own module may do anything
        return ConfigProblem("driver", name, f"cannot be imported: {type(error).__name__}: {error}")
    if missing := _missing_of(loaded):
        return ConfigProblem("driver", name, f"is no driver (drivers/README.md): it has no {', '.join(missing)}")
    driver_class = cast(DriverClass, loaded)
    if driver_class.device_class is not device_class:
        expected = f"expected {driver_class.device_class.value}, which is what {name} drives"
        return ConfigProblem("device_class", device_class.value, expected)
    return driver_class


def _missing_of(loaded: Any) -> list[str]:
    """What a class needs to be a driver and this one has not."""
    settings = getattr(loaded, "Settings", None)
    shape = {
        "Settings": isinstance(settings, type) and issubclass(settings, BaseModel),
        "device_class": isinstance(getattr(loaded, "device_class", None), DeviceClass),
        "commands": isinstance(getattr(loaded, "commands", None), Mapping),
        "events": isinstance(getattr(loaded, "events", None), Set),
    }
    return [name for name, is_there in shape.items() if not is_there]


def _driver_problems(merged: Merged) -> Iterator[ConfigProblem]:
    """What the driver says of the profile's settings and capabilities."""
    name, device_class = merged.data.get("driver"), merged.data.get("device_class")
    if name is None or device_class is None:
        return  # told, or of the profile that could not be found
    driver_class = _driver(name, DeviceClass(device_class))
    if isinstance(driver_class, ConfigProblem):
        yield merged.problem((driver_class.key,), driver_class.expected)
        return
    commands = driver_class.commands
    try:
        commands = commands_of(driver_class, driver_class.Settings.model_validate(merged.data.get("settings", {})))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            is_unknown = detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1
            fields = driver_class.Settings.model_fields
            expected = no_such_key(str(detail["loc"][0]), fields) if is_unknown else _expected(detail)
            yield merged.problem(("settings", *detail["loc"]), expected)
    capabilities = merged.data.get("capabilities", {})
    for key, known in (("events", driver_class.events), ("commands", frozenset(commands))):
        names = capabilities.get(key, ()) if isinstance(capabilities, Mapping) else ()
        if not isinstance(names, Sequence) or isinstance(names, str):
            yield merged.problem(("capabilities", key), "expected a list of names")
            continue
        for name in names:
            if not isinstance(name, str) or name not in known:
                there = ", ".join(sorted(known)) or "none"
                yield merged.problem(("capabilities", key), f"{name!r}: expected of what the driver has: {there}")


def _transport_problems(merged: Merged) -> Iterator[ConfigProblem]:
    kinds = merged.data.get("transport", {})
    if not kinds and not merged.problems:
        yield merged.problem(("transport",), "expected how the model is attached, such as [transport.serial]")
    for kind, known in kinds.items():
        try:
            _TRANSPORT.validate_python({**_PLACES[kind], **known, "kind": kind})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                # The kind, which pydantic puts before the key, is part of the profile's path anyway.
                yield merged.problem(("transport", kind, *detail["loc"][1:]), _expected(detail))


def _expected(detail: Any) -> str:
    match detail["type"]:
        case "missing":
            return "required, and no profile that this one extends has it"
        case "extra_forbidden":
            return "no such key here"
    return in_words(detail, _WORDS)
