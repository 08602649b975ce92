"""Firmware profiles: what is known of a model, as data. The packaged ones, over them those of a site."""

from __future__ import annotations

import importlib
import importlib.resources
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_gateway.contracts.driver import Driver, Session
from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.fields import in_words
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.settings import DeviceSettings, Name

PACKAGE = "firmware_profiles"
SUFFIX = ".toml"


class DriverClass(Protocol):
    """What a profile's ``driver`` names: a class that keeps the contract of drivers/README.md."""

    Settings: type[BaseModel]
    device_class: DeviceClass
    commands: Mapping[str, bool]
    events: frozenset[str]

    def __call__(self, session: Session, settings: Any) -> Driver: ...


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Part):
    """How to recognise the model among what is attached."""

    usb_ids: tuple[str, ...] = Field((), description="vendor:product in hex, such as 0403:6001.")
    by_id: tuple[str, ...] = Field((), description="Patterns of names below /dev/serial/by-id or /dev/input/by-id.")


class TransportDefaults(_Part):
    """Settings of each way the model can be attached; a device's own settings go over them."""

    serial: dict[str, Any] | None = None
    tcp: dict[str, Any] | None = None
    evdev: dict[str, Any] | None = None
    hidraw: dict[str, Any] | None = None
    ble: dict[str, Any] | None = None

    def of(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """A device's transport with what the profile knows of its kind; the kind too, where there is only one."""
        kinds = self.model_dump(exclude_none=True)
        kind = own.get("kind", next(iter(kinds)) if len(kinds) == 1 else None)
        return {**({} if kind is None else {"kind": kind}), **kinds.get(str(kind), {}), **own}


class Profile(_Part):
    """One model: which driver speaks with it, how it is set, what it can do, and from where this is known."""

    name: Name
    vendor: str
    model: str
    device_class: DeviceClass
    driver: str = Field(pattern=r"^[a-z_][a-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$", description="module:Class")
    codec: str = Field(description="Protocol name, as in `edge-gateway decode`.")
    tier: Literal["experimental", "proven"] = Field(description="proven: a capture of real hardware shows it.")
    recording: str | None = Field(None, description="That capture: a file below tests/recordings.")
    source: str = Field(min_length=8, description="The document this comes from: title, section, revision.")
    transport: TransportDefaults = TransportDefaults()
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the driver.")
    capabilities: dict[str, Any] = Field(default_factory=dict, description="What clients may rely on.")
    match: Match = Match()

    @model_validator(mode="after")
    def _proven_has_its_recording(self) -> Profile:
        if self.tier == "proven" and self.recording is None:
            raise ValueError("tier proven needs the recording that proves it; without one it is experimental")
        return self


def load_profile(name: str, directories: Sequence[Path] = ()) -> Profile:
    """The profile ``name``: from the first of ``directories`` that has it, else the packaged one.

    Raises ConfigError with all its problems, or with the names there are if it is unknown.
    """
    for known, source, text in _files(directories):
        if known == name:
            return _parse(name, source, text)
    names = ", ".join(profile_names(directories))
    raise ConfigError([ConfigProblem("profile", repr(name), f"expected one of: {names}")], "firmware profiles")


def profile_names(directories: Sequence[Path] = ()) -> list[str]:
    """Every name that ``load_profile`` finds."""
    return sorted({name for name, _, _ in _files(directories)})


def load_driver(profile: Profile) -> DriverClass:
    """The driver class. Raises ConfigError if it cannot be imported or is of another device class."""
    module_name, _, class_name = profile.driver.partition(":")
    try:
        loaded: Any = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise _problem(profile, "driver", profile.driver, f"cannot be imported: {error}") from error
    driver_class = cast(DriverClass, loaded)
    if driver_class.device_class is not profile.device_class:
        expected = f"expected {driver_class.device_class.value}, which is what {profile.driver} drives"
        raise _problem(profile, "device_class", profile.device_class.value, expected)
    return driver_class


def driver_settings(driver_class: DriverClass, profile: Profile, device: DeviceSettings) -> BaseModel:
    """The driver's settings: the profile's, over them the device's own. Raises pydantic's ValidationError."""
    return driver_class.Settings.model_validate({**profile.settings, **device.settings})


def problems_of(error: ValidationError, key: str) -> list[ConfigProblem]:
    """A model's complaints as problems below ``key``."""
    problems = []
    for detail in error.errors(include_url=False):
        is_missing = detail["type"] == "missing"
        value = "(missing)" if is_missing else repr(detail["input"])
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
        problems.append(ConfigProblem((key + path).removeprefix("."), value, in_words(detail)))
    return problems


def _files(directories: Sequence[Path]) -> Iterator[tuple[str, str, str]]:
    """Name, source and text of each profile; a site's before the packaged ones."""
    for directory in directories:
        try:
            for path in sorted(directory.glob(f"*{SUFFIX}")):
                yield path.stem, str(path), path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problem = ConfigProblem("directory", str(directory), f"cannot be read: {error}")
            raise ConfigError([problem], "firmware profiles") from error
    for resource in importlib.resources.files(PACKAGE).iterdir():
        if resource.name.endswith(SUFFIX):
            yield resource.name.removesuffix(SUFFIX), f"{PACKAGE}/{resource.name}", resource.read_text("utf-8")


def _parse(name: str, source: str, text: str) -> Profile:
    try:
        profile = Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([ConfigProblem("file", source, f"is not TOML: {error}")], source) from error
    except ValidationError as error:
        raise ConfigError(problems_of(error, ""), source) from error
    if profile.name != name:
        raise ConfigError([ConfigProblem("name", repr(profile.name), f"expected {name!r}, as the file")], source)
    return profile


def _problem(profile: Profile, key: str, value: str, expected: str) -> ConfigError:
    return ConfigError([ConfigProblem(key, value, expected)], f"profile {profile.name}")
