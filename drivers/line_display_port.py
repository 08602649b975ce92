"""The way to a customer display: whole commands, with a limit on how long they may take."""

from __future__ import annotations

from typing import Final

from drivers.line_display_settings import LineDisplaySettings
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, TransportError
from edge_gateway.contracts.waiting import within

WRITE_S_MAX: Final = 3.0
"""The whole screen has 50 bytes: 0.05 s at 9600 baud. More, and flow control holds it up."""


class DisplayPort:
    """``is_stale``: a command was perhaps cut, so the display is to be set up anew."""

    def __init__(self, session: Session, settings: LineDisplaySettings) -> None:
        self._session = session
        self._dialect = settings.made_dialect
        self._is_behind_printer = settings.is_behind_printer
        self.is_stale = False

    async def send(self, data: bytes) -> None:
        """Raises DeviceError (TIMEOUT: it takes nothing; BUSY: the printer before it does not), TransportError."""
        if not data:
            return
        if self._is_behind_printer:
            data = self._dialect.select + data + self._dialect.deselect
        try:
            is_taken = await within(self._session.clock, WRITE_S_MAX, self._session.transport.write(data))
        except TransportError as error:
            if not error.is_busy:
                raise
            self.is_stale = True
            raise DeviceError(ErrorCode.BUSY, f"display {self._session.device_id!r}: {error}") from error
        if not is_taken:
            self.is_stale = True
            reason = f"it took nothing for {WRITE_S_MAX} s; check that it is on, and its flow control"
            self._session.set_answering(False, reason)
            raise DeviceError(ErrorCode.TIMEOUT, f"display {self._session.device_id!r}: {reason}")
        if self.is_stale:
            self.is_stale = False
            self._session.set_answering(True)
