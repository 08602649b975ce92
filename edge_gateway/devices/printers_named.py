"""What hangs on a printer names one that there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.resolving import ResolvedDevice
from edge_gateway.settings_transports import PrinterTransportSettings, TransportSettings


def require_printers(resolved: Sequence[ResolvedDevice]) -> None:
    """Of all devices of a configuration: what hangs on a printer names one. Raises ConfigError."""
    printers = {device.id for device, _, _, driver in resolved if driver.device_class is DeviceClass.POS_PRINTER}
    places = ((index, transport) for index, (_, _, transport, _) in enumerate(resolved))
    if problems := list(_problems(places, printers)):
        raise ConfigError(problems, "devices")


def _problems(places: Iterable[tuple[int, TransportSettings]], printers: set[str]) -> Iterator[ConfigProblem]:
    for index, transport in places:
        if isinstance(transport, PrinterTransportSettings) and transport.printer not in printers:
            known = ", ".join(sorted(printers)) or "none is configured"
            key = f"device[{index}].transport.printer"
            yield ConfigProblem(key, repr(transport.printer), f"expected the id of a receipt printer: {known}")
