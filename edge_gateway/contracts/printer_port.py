"""The way through a printer: to the drawer on its connector, and to the display on its cable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from edge_gateway.contracts.cash_drawer import DrawerState, Level
from edge_gateway.contracts.transport import Transport


@runtime_checkable
class PrinterPort(Transport, Protocol):
    """Open while the printer answers. ``write``: bytes for the display, between two commands of whatever is printed."""

    @property
    def drawer_level(self) -> Level | None:
        """As the printer last said."""
        ...

    @property
    def drawer_state(self) -> DrawerState:
        """What the printer's own settings make of it."""
        ...

    @property
    def drawer_pin(self) -> int | None:
        """Of the connector, on which this drawer hangs."""
        ...

    async def open_drawer(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """The printer's own command, with its result. Raises RequestError, as the printer answers it."""
        ...

    def listen(self, on_level: Callable[[], None], on_pulse: Callable[[Mapping[str, Any]], None]) -> None:
        """Each change of level, and each pulse the printer was told to give, by whatever command (``DrawerCommand``),
        from now until ``close``. One listener: the last."""
        ...
