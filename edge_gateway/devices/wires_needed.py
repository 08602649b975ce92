"""Wires of the box that a device's driver uses stand in its ``transport.lines``, and go the right way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.gpio import UsesWires
from edge_gateway.devices.profiles import driver_settings
from edge_gateway.devices.resolving import ResolvedDevice
from edge_gateway.settings_transports import GpioTransportSettings


def require_wires(resolved: Sequence[ResolvedDevice]) -> None:
    """Of all devices of a configuration. Whether the box has such wires is known when they are opened. Raises
    ConfigError."""
    problems = [problem for index, one in enumerate(resolved) for problem in _problems(f"device[{index}]", one)]
    if problems:
        raise ConfigError(problems, "devices")


def _problems(key: str, one: ResolvedDevice) -> Iterator[ConfigProblem]:
    device, profile, transport, driver_class = one
    settings = driver_settings(driver_class, profile, device)
    if not isinstance(transport, GpioTransportSettings) or not isinstance(settings, UsesWires):
        return
    there = ", ".join(transport.lines)
    for name, use in settings.wires().items():
        line = transport.lines.get(name)
        if line is None and use.is_needed:
            words = f"required, direction {use.direction}: the profile {profile.name} uses it (there are: {there})"
            yield ConfigProblem(f"{key}.transport.lines.{name}", "(missing)", words)
        elif line is not None and line.direction != use.direction:
            words = f"expected {use.direction}: that is how {profile.name} uses {name}"
            yield ConfigProblem(f"{key}.transport.lines.{name}.direction", repr(line.direction), words)
