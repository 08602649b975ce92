"""A cash drawer on a printer's connector: the printer gives the pulse and says the level of the switch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from drivers.cash_drawer import CashDrawer, state_of
from drivers.cash_drawer_settings import PrinterDrawerSettings
from edge_gateway.contracts.cash_drawer import OpenDrawerParams
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.printer_port import PrinterPort


class PrinterDrawer(CashDrawer):
    """Whoever opens it, by its own name, by the printer's, or in a document: the printer tells of each pulse."""

    Settings = PrinterDrawerSettings

    def __init__(self, session: Session, settings: PrinterDrawerSettings) -> None:
        super().__init__(session, settings)
        self._settings = settings

    async def _pulse(self, params: OpenDrawerParams) -> str:
        result = await self._port.open_drawer(params.model_dump(exclude_none=True))
        self._hear_level()  # the printer looked at the switch just now
        return "none" if result.get("confirmed_by") in (None, "none") else "printer"

    async def _converse(self) -> None:
        self._port.listen(self._hear_level, self._hear_pulse)
        self._hear_level()
        await asyncio.Event().wait()  # until the printer is gone: the supervisor cancels it

    def _hear_pulse(self, command: Mapping[str, Any]) -> None:
        """Of the other drawer on the connector, too: both have one switch."""
        if command.get("pin") in (None, self._port.drawer_pin):
            self._watch.pulsed(command)
        else:
            self._watch.excuse(command)

    def _hear_level(self) -> None:
        level = self._port.drawer_level
        own = state_of(level, self._settings)
        is_told_here = self._settings.open_level != "unknown"
        self._sensed(own if is_told_here else self._port.drawer_state, level)

    @property
    def _port(self) -> PrinterPort:
        return cast(PrinterPort, self._session.transport)
