"""Content to the bytes that the driver of a profile or of a configured device would send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from drivers.rasteriser import Drawn, drawing_noted
from edge_gateway.contracts.errors import ConfigError, ConfigProblem, ErrorCode, RequestError
from edge_gateway.contracts.printing import PrinterDriver, Rendered
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.profiles import DriverClass, driver_settings, load_driver, load_profile, problem_of
from edge_gateway.devices.resolving import resolve_devices
from edge_gateway.services.print_templates import expand
from edge_gateway.settings import GatewaySettings

CONTENT_BYTES_MAX = 1_048_576
"""Of the file: four times what a request on the bus may have."""


@dataclass(frozen=True)
class Printer:
    """A driver with its settings. ``codec``: the protocol that the profile names, such as ``escpos.status``."""

    driver: type[PrinterDriver]
    settings: BaseModel
    codec: str


@dataclass(frozen=True)
class Job:
    """``drawn``: the lines and images that went over as pictures, in print order."""

    printer: Printer
    rendered: Rendered
    drawn: Sequence[Drawn]


def printer_of_profile(name: str, own: Mapping[str, Any], directories: Sequence[Path] = ()) -> Printer:
    """``own``: settings in place of the profile's. Raises ConfigError."""
    profile = load_profile(name, directories)
    driver = load_driver(profile)
    try:
        settings = driver.Settings.model_validate({**profile.settings, **own})
    except ValidationError as error:
        known = driver.Settings.model_fields
        problems = [problem_of(each, ("settings", *each["loc"]), known) for each in error.errors(include_url=False)]
        raise ConfigError(problems, f"profile {name}") from error
    return Printer(_printer_driver(driver, profile.driver), settings, profile.codec)


def printer_of_device(settings: GatewaySettings, device_id: str) -> Printer:
    """As it is configured. Raises ConfigError."""
    devices = [device for device in settings.device if device.id == device_id]
    if not devices:
        known = ", ".join(device.id for device in settings.device) or "none"
        raise ConfigError([ConfigProblem("device", device_id, f"expected one of: {known}")], "configuration")
    ((device, profile, _, driver),) = resolve_devices(devices, settings.profile_directories)
    return Printer(_printer_driver(driver, profile.driver), driver_settings(driver, profile, device), profile.codec)


def read_content(path: Path) -> dict[str, Any]:
    """A document (a JSON list), or ``params`` of ``print``. Raises RequestError(INVALID_REQUEST), OSError."""
    data = path.read_bytes()
    if len(data) > CONTENT_BYTES_MAX:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"{path}: more than {CONTENT_BYTES_MAX} bytes")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"{path}: no JSON: {error}") from error
    if isinstance(value, list):
        return {"document": value}
    if isinstance(value, dict) and value.keys() & {"document", "template", "label"}:
        return {key: value[key] for key in ("document", "template", "data", "label") if key in value}
    raise RequestError(
        ErrorCode.INVALID_REQUEST,
        f"{path}: expected a document (a list), or an object with document, template or label",
    )


def render(printer: Printer, content: Mapping[str, Any], templates: Path | None = None) -> Job:
    """Raises RequestError."""
    asked = dict(content)
    # A label printer has templates of its own.
    if "template" in asked and printer.driver.device_class is DeviceClass.POS_PRINTER:
        asked["document"] = expand(str(asked.pop("template")), asked.pop("data", None) or {}, templates)
    with drawing_noted() as drawn:
        rendered = printer.driver.render(printer.settings, asked)
    return Job(printer, rendered, tuple(drawn))


def _printer_driver(driver: DriverClass, name: str) -> type[PrinterDriver]:
    if not hasattr(driver, "render"):
        raise ConfigError([ConfigProblem("driver", name, "expected the driver of a printer")], "profile")
    return cast(type[PrinterDriver], driver)
