"""What is known of a receipt printer's condition, put together from every kind of status it sends, in any language."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Literal, Protocol

from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.events import CodecEvent
from edge_gateway.contracts.states import DeviceFlag

OpenLevel = Literal["low", "high", "unknown"]
Obstacle = tuple[ErrorCode, str]
"""Why a printer cannot print, and the remedy."""
SILENT: Final[Obstacle] = (
    ErrorCode.TIMEOUT,
    "it takes nothing, or does not answer; check that it is on, and its cable",
)


class Conditions(Protocol):
    """What a printer's driver must know of a condition, whatever else it holds."""

    @property
    def is_known(self) -> bool:
        """It has told its status: it can be asked whether it is well."""
        ...

    @property
    def drawer(self) -> Literal["open", "closed", "unknown"]: ...

    @property
    def drawer_level(self) -> Literal["high", "low"] | None:
        """Of the wire of its switch."""
        ...

    def take(self, event: CodecEvent) -> bool:
        """Read what a status event says. True: something changed."""
        ...

    def flags(self) -> frozenset[DeviceFlag]:
        """Conditions of the device's state."""
        ...

    def obstacle(self) -> Obstacle | None:
        """Why it cannot print now; None: nothing is known against it."""
        ...

    def to_json(self) -> dict[str, Any]:
        """For the retained state and ``read_status``."""
        ...


@dataclass(slots=True)
class PrinterCondition:
    """Readings as the codecs name them; None: the printer has not said. ``drawer_open_level``: of pin 3 of its drawer
    connector while the drawer is open."""

    drawer_open_level: OpenLevel
    online: bool | None = None
    cover_open: bool | None = None
    paper_loaded: bool | None = None
    paper_low: bool | None = None
    cutter_error: bool | None = None
    recoverable_error: bool | None = None
    unrecoverable_error: bool | None = None
    auto_recoverable_error: bool | None = None
    drawer_high: bool | None = None

    def take(self, event: CodecEvent) -> bool:
        is_changed = False
        for reading in fields(self):
            value = getattr(event, reading.name, None)
            if value is not None and value != getattr(self, reading.name):
                setattr(self, reading.name, value)
                is_changed = True
        return is_changed

    @property
    def drawer(self) -> Literal["open", "closed", "unknown"]:
        if self.drawer_open_level == "unknown" or self.drawer_high is None:
            return "unknown"
        return "open" if self.drawer_high == (self.drawer_open_level == "high") else "closed"

    @property
    def drawer_level(self) -> Literal["high", "low"] | None:
        """Of pin 3; high is also what a connector has with nothing plugged in."""
        return None if self.drawer_high is None else "high" if self.drawer_high else "low"

    @property
    def paper(self) -> Literal["ok", "near_end", "empty", "unknown"]:
        if self.paper_loaded is None:
            return "unknown"
        if not self.paper_loaded:
            return "empty"
        return "near_end" if self.paper_low else "ok"

    @property
    def is_known(self) -> bool:
        return self.online is not None

    @property
    def error_level(self) -> Literal["none", "recoverable", "fatal"]:
        """ErrorLevel of UnifiedPOS."""
        if self.unrecoverable_error:
            return "fatal"
        errors = (self.cutter_error, self.recoverable_error, self.auto_recoverable_error)
        return "recoverable" if any(errors) else "none"

    def flags(self) -> frozenset[DeviceFlag]:
        conditions = {
            DeviceFlag.OFFLINE: self.online is False,
            DeviceFlag.COVER_OPEN: self.cover_open,
            DeviceFlag.PAPER_EMPTY: self.paper == "empty",
            DeviceFlag.PAPER_NEAR_END: self.paper == "near_end",
            DeviceFlag.CUTTER_ERROR: self.cutter_error,
            DeviceFlag.DEVICE_ERROR: self.unrecoverable_error,
            DeviceFlag.RECOVERABLE_ERROR: self.recoverable_error,
            DeviceFlag.OVERHEATED: self.auto_recoverable_error,
            DeviceFlag.DRAWER_OPEN: self.drawer == "open",
        }
        return frozenset(flag for flag, holds in conditions.items() if holds)

    def obstacle(self) -> Obstacle | None:
        """The cause before ``offline``."""
        if self.cover_open:
            return ErrorCode.COVER_OPEN, "its cover is open; close it"
        if self.paper_loaded is False:
            return ErrorCode.PAPER_EMPTY, "it has no paper; put in a roll"
        if self.cutter_error:
            return ErrorCode.CUTTER_ERROR, "its cutter is stuck; open the cover, free the knife, then clear_error"
        if self.unrecoverable_error:
            return ErrorCode.DEVICE_ERROR, "it reports an error of its hardware; switch it off and on"
        if self.recoverable_error:
            return ErrorCode.DEVICE_ERROR, "its mechanism is blocked; free it, then clear_error"
        if self.auto_recoverable_error:
            return ErrorCode.DEVICE_ERROR, "its head is too hot; it goes on by itself when it has cooled down"
        if self.online is False:
            return ErrorCode.OFFLINE, "it says it is offline; look at its panel"
        return None

    def to_json(self) -> dict[str, Any]:
        return {
            "online": self.online,
            "cover_open": self.cover_open,
            "paper": self.paper,
            "drawer": self.drawer,
            "drawer_level": self.drawer_level,
            "error_level": self.error_level,
        }
