"""Each device with its profile, whole transport and driver; what is wrong is told where it is written.

A device's settings go over its profile's. A wrong one that the profile has is told with the profile's file and line,
unless the device has one of its own in its place; what the device says, and what only both together make wrong, is told
at the device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.printing import JOB_EVENT, is_printer
from edge_gateway.devices.duplicates import find_duplicates
from edge_gateway.devices.profile_files import Merged, ProfileFiles
from edge_gateway.devices.profiles import (
    DriverClass,
    Profile,
    TransportDefaults,
    driver_settings,
    load_driver,
    problem_of,
    problems_of_profile,
    validated,
)
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TransportSettings
from edge_gateway.settings_words import as_written, dotted

ResolvedDevice = tuple[DeviceSettings, Profile, TransportSettings, DriverClass]

_TRANSPORT: TypeAdapter[TransportSettings] = TypeAdapter(TransportSettings)
_TRANSPORT_MODELS: Final[Mapping[str, type[BaseModel]]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(TransportSettings)[0])
}


def resolve_devices(
    settings: Sequence[DeviceSettings],
    profile_directories: Sequence[Path] = (),
    store_defaults: Mapping[str, Any] = MappingProxyType({}),
) -> list[ResolvedDevice]:
    """Raises ConfigError with all problems of all devices, and of the profiles they use."""
    problems: list[ConfigProblem] = []
    resolved: list[ResolvedDevice] = []
    found: dict[int, Mapping[str, Any]] = {index: {"id": device.id} for index, device in enumerate(settings)}
    for index, device in enumerate(settings):
        one = _Resolving(device, f"device[{index}]", profile_directories, store_defaults)
        made = one.resolve()
        problems += one.problems
        if made is not None:
            found[index] = {"id": device.id, "transport": made[2].model_dump(mode="json")}
            resolved.append(made)
    problems += find_duplicates(found)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)), "devices")  # those of a profile once for all its devices
    return resolved


class _Resolving:
    """One device, with what is found wrong on the way."""

    def __init__(
        self, device: DeviceSettings, key: str, directories: Sequence[Path], store_defaults: Mapping[str, Any]
    ) -> None:
        self.problems: list[ConfigProblem] = []
        self._device = device
        self._key = key
        self._directories = directories
        self._store_defaults = store_defaults
        self._of_profile: dict[str, list[ConfigProblem]] = {}
        """By key, what is wrong with the settings and transports of the profile as it stands."""

    def resolve(self) -> ResolvedDevice | None:
        """None: not even its transport can be told."""
        merged = self._merged()
        if merged is None:
            return None
        profile, told = validated(merged)
        of_profile = problems_of_profile(merged)
        try:
            driver_class = None if profile is None or told else load_driver(profile)
        except ConfigError:
            driver_class = None
        if profile is None or driver_class is None:
            self.problems += of_profile
            return None
        for problem in of_profile:
            if problem.key.startswith(("settings", "transport.")):
                self._of_profile.setdefault(problem.key, []).append(problem)
            else:
                self.problems.append(problem)
        device = _with_store_defaults(self._device, profile, driver_class, self._store_defaults)
        try:
            driver_settings(driver_class, profile, device)
        except ValidationError as error:
            known = driver_class.Settings.model_fields
            merged_settings = {**profile.settings, **device.settings}
            self._tell(error, ("settings",), ("settings",), device.settings, merged_settings, known)
        self.problems += _forward_problems(device, driver_class, f"{self._key}.forward")
        transport = self._transport(profile)
        return None if transport is None else (device, profile, transport, driver_class)

    def _merged(self) -> Merged | None:
        """An unknown profile is the device's problem; one that cannot be read is told with its file."""
        try:
            return ProfileFiles(self._directories).merged(self._device.profile)
        except ConfigError as error:
            self.problems += [
                replace(problem, key=f"{self._key}.profile")
                if problem.key == "profile"
                else replace(problem, source=problem.source or error.source)
                for problem in error.problems
            ]
            return None

    def _transport(self, profile: Profile) -> TransportSettings | None:
        own = self._device.transport
        merged = profile.transport.of(own)
        kinds = sorted(profile.transport.kinds or TransportDefaults.model_fields)
        kind = merged.get("kind")
        for key, problems in self._of_profile.items():
            if key.startswith("transport.") and key.split(".")[1] != kind:
                self.problems += problems  # of a way that this device does not go
        if kind not in kinds:
            found = repr(kind) if "kind" in merged else "(missing)"
            expected = f"expected {' or '.join(kinds)}: how this model is attached"
            self.problems.append(ConfigProblem(f"{self._key}.transport.kind", found, expected))
            return None
        try:
            return _TRANSPORT.validate_python(merged)
        except ValidationError as error:
            known = _TRANSPORT_MODELS[kind].model_fields
            self._tell(error, ("transport",), ("transport", kind), own, merged, known)
            return None

    def _tell(
        self,
        error: ValidationError,
        in_device: tuple[str, ...],
        in_profile: tuple[str, ...],
        own: Mapping[str, Any],
        merged: Mapping[str, Any],
        known: Mapping[str, Any],
    ) -> None:
        """Each problem of both together at the place it comes from."""
        for detail in error.errors(include_url=False):
            # Pydantic puts the kind of a transport into the path of what it finds inside: nobody wrote it there.
            path = detail["loc"][len(in_profile) - 1 :]
            path = (*path[:1], *as_written(path[1:], merged.get(str(path[0])))) if path else ()
            of_profile = self._of_profile.get(dotted((*in_profile, *path)), ())
            is_own = path[0] in own if path else bool(own)
            if of_profile and not is_own:
                self.problems += of_profile
            else:
                problem = problem_of(detail, (*in_device, *path), known if len(path) == 1 else ())
                inherited = f" (as profile {self._device.profile} has it)" if path and not is_own else ""
                expected = f"{problem.expected}{inherited}" if problem.value != "(missing)" else problem.expected
                self.problems.append(replace(problem, key=f"{self._key}.{problem.key}", expected=expected))


def _with_store_defaults(
    device: DeviceSettings, profile: Profile, driver_class: DriverClass, store_defaults: Mapping[str, Any]
) -> DeviceSettings:
    """The device's own settings go before its profile's, those before the store's."""
    known = driver_class.Settings.model_fields
    missing = {name: value for name, value in store_defaults.items() if name in known and name not in profile.settings}
    return device.model_copy(update={"settings": {**missing, **device.settings}}) if missing else device


def _forward_problems(device: DeviceSettings, driver_class: DriverClass, key: str) -> Iterator[ConfigProblem]:
    """A name that is never emitted would be forwarded never, and nobody would be told."""
    events = driver_class.events | ({JOB_EVENT} if is_printer(driver_class) else frozenset())
    known = ", ".join(sorted(events)) or "none: this device says nothing that could be forwarded"
    for index, name in enumerate(device.forward):
        if name not in events:
            expected = f"expected an event of profile {device.profile}: {known}"
            yield ConfigProblem(f"{key}[{index}]", repr(name), expected)
