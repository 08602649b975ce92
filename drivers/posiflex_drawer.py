"""A Posiflex USB cash drawer, asked for its state in HID reports."""

from __future__ import annotations

import asyncio
from typing import Final

from drivers.cash_drawer import CashDrawer
from drivers.cash_drawer_settings import PosiflexDrawerSettings
from edge_gateway.contracts.cash_drawer import OpenDrawerParams
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.events import FrameRejected
from edge_gateway.contracts.waiting import within
from protocols.cash.posiflex_drawer import DrawerStatus, PosiflexDrawerCodec, encode_open, encode_query

WRITE_S_MAX: Final = 1.0
"""Of a report of 120 bytes on USB, which takes milliseconds."""
SILENT_QUERIES: Final = 4
"""Without an answer: it is told, and its state is not known any more."""
NO_REPORT_ID: Final = b"\0"


class PosiflexDrawer(CashDrawer):
    """One drawer, or one of several on a hub, each with its number."""

    Settings = PosiflexDrawerSettings

    def __init__(self, session: Session, settings: PosiflexDrawerSettings) -> None:
        super().__init__(session, settings)
        self._settings = settings
        self._codec = PosiflexDrawerCodec()
        self._writing = asyncio.Lock()
        self._unanswered = 0

    def data_received(self, data: bytes) -> None:
        """One report."""
        for event in (*self._codec.feed(data), *self._codec.flush()):
            if isinstance(event, FrameRejected):
                self._session.frame_rejected(event)
            elif isinstance(event, DrawerStatus) and event.drawer == self._settings.drawer_number:
                self._unanswered = 0
                self._session.frame_seen()
                self._sensed("closed" if event.is_closed else "open", "high" if event.is_closed else "low")

    async def _pulse(self, params: OpenDrawerParams) -> str:
        if self._unanswered >= SILENT_QUERIES:
            words = f"drawer {self._session.device_id!r}: it does not answer; nothing was sent"
            raise DeviceError(ErrorCode.TIMEOUT, words)
        self._commanded(params)
        if not await self._write(encode_open(self._settings.drawer_number)):
            words = f"drawer {self._session.device_id!r}: its port took nothing for {WRITE_S_MAX} s; look at it"
            raise UnknownOutcomeError(words)
        return "none"

    async def _converse(self) -> None:
        self._session.set_answering(False, "has not answered yet")
        while True:
            self._unanswered += 1
            if self._unanswered == SILENT_QUERIES:
                number = self._settings.drawer_number
                self._session.set_answering(False, f"does not answer as drawer {number}; is that its number?")
                self._sensed("unknown")
            await self._write(encode_query(self._settings.drawer_number))
            await self._session.clock.sleep(self._settings.query_interval_s)

    async def _write(self, report: bytes) -> bool:
        async with self._writing:
            return await within(self._session.clock, WRITE_S_MAX, self._session.transport.write(NO_REPORT_ID + report))
