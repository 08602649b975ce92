"""What hangs on a printer, seen by a tool that has not got the printer: only the running gateway goes that way."""

from __future__ import annotations

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ByteSink
from edge_gateway.settings_transports import PrinterTransportSettings


class AwayFromPrinter:
    """Implements Transport: it cannot be opened."""

    def __init__(self, settings: PrinterTransportSettings) -> None:
        self.description = f"{settings.carries} of printer {settings.printer}"

    def is_there(self) -> bool:
        return False

    async def open(self, sink: ByteSink) -> None:
        raise self._error()

    async def write(self, data: bytes) -> None:
        raise self._error()

    def drop_input(self) -> None:
        """There is none."""

    async def close(self) -> None:
        """It was never open."""

    def _error(self) -> TransportError:
        return TransportError(f"{self.description}: only the running gateway reaches it; ask that one")
