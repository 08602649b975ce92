"""What the print service needs of a printer, and what is configured for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from edge_gateway.contracts.events import DeviceState
from edge_gateway.contracts.printing import PrintWatch, Rendered
from edge_gateway.contracts.states import FLAGS_IN_WAY, PowerState
from edge_gateway.settings_printing import PrintingSettings


class Printer(Protocol):
    """The part of a supervisor that is used here."""

    @property
    def device_id(self) -> str: ...

    @property
    def device_class(self) -> str: ...

    @property
    def lane(self) -> str: ...

    @property
    def is_printer(self) -> bool: ...

    @property
    def state(self) -> DeviceState: ...

    @property
    def driver_settings(self) -> Any: ...

    def render(self, content: Mapping[str, Any]) -> Rendered: ...

    async def print_job(
        self, content: Mapping[str, Any], rendered: Rendered, watch: PrintWatch
    ) -> Mapping[str, Any]: ...

    def emit(self, name: str, data: Mapping[str, Any]) -> None: ...

    def set_jobs(self, jobs: Mapping[str, Any]) -> None: ...


FindPrinter = Callable[[str], Printer | None]
"""By device id; None: there is none, or it is no printer."""
SettingsOf = Callable[[str], PrintingSettings]
"""By device id."""


def is_usable(printer: Printer | None) -> bool:
    """It is there, it answers, and nothing is known that keeps it from printing."""
    if printer is None or not printer.is_printer:
        return False
    state = printer.state
    return state.power == PowerState.ONLINE and not FLAGS_IN_WAY.intersection(state.flags)
