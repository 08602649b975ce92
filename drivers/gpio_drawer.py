"""A cash drawer on wires of the box: ``drawer`` drives the solenoid's relay, ``sense`` is its switch."""

from __future__ import annotations

import asyncio
from typing import cast

from drivers.cash_drawer import CashDrawer, state_of
from drivers.cash_drawer_settings import DRAWER, SENSE, GpioDrawerSettings
from edge_gateway.contracts.cash_drawer import Level, OpenDrawerParams
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.gpio import Edge, GpioPort


class GpioDrawer(CashDrawer):
    """With ``open_level`` unknown the wire ``sense`` is not asked for."""

    Settings = GpioDrawerSettings

    def __init__(self, session: Session, settings: GpioDrawerSettings) -> None:
        super().__init__(session, settings)
        self._settings = settings

    async def _pulse(self, params: OpenDrawerParams) -> str:
        self._commanded(params)
        await self._port.pulse(DRAWER, self._settings.pulse_ms)
        return "none"

    async def _converse(self) -> None:
        if self._settings.open_level != "unknown":
            self._port.listen(self._hear)
            self._hear(Edge(SENSE, await self._port.read(SENSE)))
        await asyncio.Event().wait()

    def _hear(self, edge: Edge) -> None:
        if edge.line == SENSE:
            level: Level = "high" if edge.is_active else "low"
            self._session.frame_seen()
            self._sensed(state_of(level, self._settings), level)

    @property
    def _port(self) -> GpioPort:
        return cast(GpioPort, self._session.transport)
