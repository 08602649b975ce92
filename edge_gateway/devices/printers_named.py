"""What a configuration says of its printers fits them: what hangs on one, who backs it up, whose kitchen it is in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from edge_gateway.contracts.driver import commands_of
from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.printing import is_printer
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.profiles import driver_settings
from edge_gateway.devices.resolving import ResolvedDevice
from edge_gateway.settings_kitchen import KitchenRoute
from edge_gateway.settings_transports import PrinterTransportSettings


def require_printers(
    resolved: Sequence[ResolvedDevice], routes: Sequence[KitchenRoute] = (), unknown: Collection[str] = ()
) -> None:
    """Of all devices of a configuration, and the routes of its kitchen. Raises ConfigError.

    ``unknown``: ids of devices that have problems of their own; nothing is said of who names them.
    """
    by_id = {device.id: (device, profile, transport, driver) for device, profile, transport, driver in resolved}
    problems = [
        problem
        for index, one in enumerate(resolved)
        for problem in (*_transport_problems(index, one, by_id, unknown), *_printing_problems(index, one, by_id))
    ]
    for index, route in enumerate(routes):
        problems += _route_problems(index, route, by_id)
    if problems:
        raise ConfigError(problems, "devices")


def _transport_problems(
    index: int, one: ResolvedDevice, by_id: Mapping[str, ResolvedDevice], unknown: Collection[str]
) -> Iterator[ConfigProblem]:
    transport = one[2]
    if not isinstance(transport, PrinterTransportSettings) or transport.printer in unknown:
        return
    key, printer = f"device[{index}].transport.printer", by_id.get(transport.printer)
    if printer is None or not _is_receipt_printer(printer):
        yield ConfigProblem(key, repr(transport.printer), _receipt_printers(by_id))
    elif transport.carries == "drawer" and "open_drawer" not in commands_of(printer[3], _settings(printer)):
        words = f"expected a printer that opens a drawer: {transport.printer} has none (drawer_pin, buzzer)"
        yield ConfigProblem(key, repr(transport.printer), words)
    elif transport.carries == "display" and not getattr(_settings(one), "is_behind_printer", True):
        words = "expected true: what is shown would come out on the printer's paper"
        yield ConfigProblem(f"device[{index}].settings.is_behind_printer", "false", words)


def _printing_problems(index: int, one: ResolvedDevice, by_id: Mapping[str, ResolvedDevice]) -> Iterator[ConfigProblem]:
    device, _, _, driver = one
    key = f"device[{index}].printing"
    if not is_printer(driver):
        if "printing" in device.model_fields_set:
            words = f"expected below a printer; {device.id} is a {driver.device_class}"
            yield ConfigProblem(key, "(a table)", words)
        return
    backup = by_id.get(device.printing.backup or "")
    if backup is not None and backup[3].device_class != driver.device_class:
        known = _named(by_id, driver.device_class, without=device.id)
        words = f"expected the id of another {driver.device_class}: {known}"
        yield ConfigProblem(f"{key}.backup", repr(device.printing.backup), words)


def _route_problems(index: int, route: KitchenRoute, by_id: Mapping[str, ResolvedDevice]) -> Iterator[ConfigProblem]:
    key, printer = f"kitchen.route[{index}]", by_id.get(route.printer)
    if printer is not None and not _is_receipt_printer(printer):
        yield ConfigProblem(f"{key}.printer", repr(route.printer), _receipt_printers(by_id))
    elif printer is not None and route.buzzes and not _has_buzzer(_settings(printer)):
        words = f"expected false: no buzzer is configured at {route.printer} (buzzer), and each order would be refused"
        yield ConfigProblem(f"{key}.buzzes", "true", words)


def _settings(one: ResolvedDevice) -> Any:
    device, profile, _, driver = one
    return driver_settings(driver, profile, device)


def _has_buzzer(settings: Any) -> bool:
    return getattr(settings, "has_buzzer", True) and getattr(settings, "buzzer", "") != "none"


def _is_receipt_printer(one: ResolvedDevice) -> bool:
    return one[3].device_class is DeviceClass.POS_PRINTER


def _receipt_printers(by_id: Mapping[str, ResolvedDevice]) -> str:
    return f"expected the id of a receipt printer: {_named(by_id, DeviceClass.POS_PRINTER)}"


def _named(by_id: Mapping[str, ResolvedDevice], device_class: DeviceClass, without: str = "") -> str:
    found = sorted(name for name, one in by_id.items() if one[3].device_class == device_class and name != without)
    return ", ".join(found) or "none is configured"
