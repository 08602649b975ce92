"""What the port of a USB printer adds where the printer itself is silent: paper and error, over the control pipe."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from drivers.printer_condition import Obstacle
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import ErrorCode, TransportError
from edge_gateway.contracts.usb_printer import PortStatus, UsbPrinterTransport
from edge_gateway.contracts.waiting import within

ANSWER_S_MAX: Final = 2.0
"""The specification wants an answer within half a second."""


async def port_says(session: Session) -> Obstacle | None:
    """What a person has to mend, by the port; None: it is well, there is no such port, or no answer. A hint: it says
    what a job may be waiting for, and nothing of what is on paper."""
    transport = session.transport
    told: list[PortStatus] = []
    if not isinstance(transport, UsbPrinterTransport):
        return None

    async def ask() -> None:
        told.append(await transport.port_status())

    with suppress(TransportError):  # the line tells by itself if it is lost
        await within(session.clock, ANSWER_S_MAX, ask())
    if not told:
        return None
    if told[0].is_paper_empty:
        return ErrorCode.PAPER_EMPTY, "its port says that it has no paper; put in a roll"
    if told[0].is_error:
        return ErrorCode.DEVICE_ERROR, "its port says that it has an error; look at its panel"
    return None if told[0].is_selected else (ErrorCode.OFFLINE, "its port says that it is offline; look at its panel")
