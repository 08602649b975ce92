"""A cash drawer on a serial port: any byte opens it, and a wire of the port says whether it is open."""

from __future__ import annotations

import asyncio
from typing import Final

from drivers.cash_drawer import CashDrawer, state_of
from drivers.cash_drawer_settings import SerialDrawerSettings
from edge_gateway.contracts.cash_drawer import Level, OpenDrawerParams
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import TransportError, UnknownOutcomeError
from edge_gateway.contracts.transport import ModemTransport
from edge_gateway.contracts.waiting import within

WRITE_S_MAX: Final = 1.0
"""For a few bytes; more, and flow control holds them up."""


class SerialDrawer(CashDrawer):
    """One drawer on one port."""

    Settings = SerialDrawerSettings

    def __init__(self, session: Session, settings: SerialDrawerSettings) -> None:
        super().__init__(session, settings)
        self._settings = settings

    async def _pulse(self, params: OpenDrawerParams) -> str:
        self._commanded(params)
        data = self._settings.open_bytes.encode("latin-1")
        if not await within(self._session.clock, WRITE_S_MAX, self._session.transport.write(data)):
            raise UnknownOutcomeError(
                f"drawer {self._session.device_id!r}: the port took nothing for {WRITE_S_MAX} s; it may open when "
                "that is over: look at it, and set flow to none"
            )
        return "none"

    async def _converse(self) -> None:
        if self._settings.sense == "none":
            await asyncio.Event().wait()
        while True:
            level = self._read_level()
            self._session.frame_seen()
            self._sensed(state_of(level, self._settings), level)
            await self._session.clock.sleep(self._settings.sense_interval_s)

    def _read_level(self) -> Level:
        transport = self._session.transport
        if not isinstance(transport, ModemTransport):
            raise TransportError(f'{transport.description}: has no wire {self._settings.sense}; set sense = "none"')
        return "high" if getattr(transport.modem_lines(), self._settings.sense) else "low"
