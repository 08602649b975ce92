"""What is known of a label printer's condition, whatever language it said it in."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.states import DeviceFlag


@dataclass(slots=True)
class LabelCondition:
    """None: the printer has not said. ``outstanding``: labels and formats that are still to be printed; where it does
    not count them, 1 while it is at work."""

    head_open: bool | None = None
    media_out: bool | None = None
    media_jam: bool | None = None
    ribbon_out: bool | None = None
    cutter_error: bool | None = None
    overheated: bool | None = None
    paused: bool | None = None
    error: str | None = None
    """Words of the printer for what has no name here."""
    label_waiting: bool | None = None
    """In the peeler, for somebody to take it."""
    outstanding: int | None = None

    def read(self, **readings: Any) -> bool:
        """All that one answer says; what it does not say stays. True: something changed."""
        is_changed = False
        for name, value in readings.items():
            if getattr(self, name) != value:
                setattr(self, name, value)
                is_changed = True
        return is_changed

    def forget(self) -> None:
        """The printer is silent: nothing old is shown as valid."""
        for reading in fields(self):
            setattr(self, reading.name, None)

    @property
    def is_known(self) -> bool:
        return self.head_open is not None

    def flags(self) -> frozenset[DeviceFlag]:
        """Conditions of the device's state."""
        conditions = {
            DeviceFlag.COVER_OPEN: self.head_open,
            DeviceFlag.PAPER_EMPTY: self.media_out,
            DeviceFlag.RIBBON_EMPTY: self.ribbon_out,
            DeviceFlag.CUTTER_ERROR: self.cutter_error,
            DeviceFlag.PAUSED: self.paused,
            DeviceFlag.OVERHEATED: self.overheated,
            DeviceFlag.DEVICE_ERROR: bool(self.media_jam or self.error),
        }
        return frozenset(flag for flag, holds in conditions.items() if holds)

    def obstacle(self) -> tuple[ErrorCode, str] | None:
        """Why it cannot print now, and the remedy; None: nothing is known against it."""
        if self.head_open:
            return ErrorCode.COVER_OPEN, "its print head is open; close it"
        if self.media_out:
            return ErrorCode.PAPER_EMPTY, "it has no labels; put in a roll"
        if self.ribbon_out:
            return ErrorCode.DEVICE_ERROR, "it has no ribbon; put in a new one"
        if self.media_jam:
            return ErrorCode.DEVICE_ERROR, "its labels are jammed; open the head and free them"
        if self.cutter_error:
            return ErrorCode.CUTTER_ERROR, "its cutter is stuck; switch it off and free the knife"
        if self.overheated:
            return ErrorCode.DEVICE_ERROR, "its head or motor is too hot; it goes on by itself when it has cooled down"
        if self.paused:
            return ErrorCode.BUSY, "it is paused; press its pause button"
        if self.error:
            return ErrorCode.DEVICE_ERROR, f"it reports: {self.error}; look at its panel"
        return None

    def to_json(self) -> dict[str, Any]:
        """For the retained state and ``read_status``."""
        return {
            "head_open": self.head_open,
            "media_out": self.media_out,
            "ribbon_out": self.ribbon_out,
            "paused": self.paused,
            "label_waiting": self.label_waiting,
            "outstanding": self.outstanding,
            "error": self.error,
        }
