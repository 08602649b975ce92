"""What is known of a printer's condition, put together from every kind of status it sends."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.states import DeviceFlag
from protocols.printers.escpos_events import AutomaticStatus, OrderedReply, RealTimeStatus

OpenLevel = Literal["low", "high", "unknown"]


@dataclass(slots=True)
class PrinterCondition:
    """Readings as the codec names them; None: the printer has not said. ``drawer_open_level``: of pin 3."""

    drawer_open_level: OpenLevel
    online: bool | None = None
    cover_open: bool | None = None
    paper_loaded: bool | None = None
    paper_low: bool | None = None
    cutter_error: bool | None = None
    unrecoverable_error: bool | None = None
    drawer_pin3_high: bool | None = None

    def take(self, event: CodecEvent) -> bool:
        """Read a status event. True: something changed."""
        if not isinstance(event, AutomaticStatus | RealTimeStatus | OrderedReply):
            return False
        if not isinstance(event, AutomaticStatus) and event.query is None:
            return False  # the answer to a question that was given up: it could mean anything
        is_changed = False
        for reading in fields(self):
            value = getattr(event, reading.name, None)
            if value is not None and value != getattr(self, reading.name):
                setattr(self, reading.name, value)
                is_changed = True
        return is_changed

    @property
    def drawer(self) -> Literal["open", "closed", "unknown"]:
        if self.drawer_open_level == "unknown" or self.drawer_pin3_high is None:
            return "unknown"
        return "open" if self.drawer_pin3_high == (self.drawer_open_level == "high") else "closed"

    @property
    def paper(self) -> Literal["ok", "near_end", "empty", "unknown"]:
        if self.paper_loaded is None:
            return "unknown"
        if not self.paper_loaded:
            return "empty"
        return "near_end" if self.paper_low else "ok"

    def flags(self) -> frozenset[DeviceFlag]:
        """Conditions of the device's state."""
        conditions = {
            DeviceFlag.OFFLINE: self.online is False,
            DeviceFlag.COVER_OPEN: self.cover_open,
            DeviceFlag.PAPER_EMPTY: self.paper == "empty",
            DeviceFlag.PAPER_NEAR_END: self.paper == "near_end",
            DeviceFlag.CUTTER_ERROR: self.cutter_error,
            DeviceFlag.DEVICE_ERROR: self.unrecoverable_error,
            DeviceFlag.DRAWER_OPEN: self.drawer == "open",
        }
        return frozenset(flag for flag, holds in conditions.items() if holds)

    def obstacle(self) -> tuple[ErrorCode, str] | None:
        """Why it cannot print now, and the remedy; None: nothing is known against it. The cause before ``offline``."""
        if self.cover_open:
            return ErrorCode.COVER_OPEN, "its cover is open; close it"
        if self.paper_loaded is False:
            return ErrorCode.PAPER_EMPTY, "it has no paper; put in a roll"
        if self.cutter_error:
            return ErrorCode.CUTTER_ERROR, "its cutter is stuck; open the cover and free the knife"
        if self.unrecoverable_error:
            return ErrorCode.DEVICE_ERROR, "it reports an error of its hardware; switch it off and on"
        if self.online is False:
            return ErrorCode.OFFLINE, "it says it is offline; look at its panel"
        return None

    def to_json(self) -> dict[str, Any]:
        """For the retained state and ``read_status``."""
        return {"online": self.online, "cover_open": self.cover_open, "paper": self.paper, "drawer": self.drawer}
