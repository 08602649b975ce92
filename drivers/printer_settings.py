"""Settings that every printer has, whatever language it speaks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PrinterSettings(BaseModel):
    """How a printer is asked, fed and waited for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    is_status_required: bool = Field(True, description="Refuse to print when no status question is answered.")
    can_identify: bool = Field(False, description="Ask who it is: model, firmware, serial number.")
    can_clear_buffer: bool = Field(False, description="It can be told to forget what it has not printed, and says so.")
    chunk_bytes: int = Field(512, ge=16, le=65536, description="Bytes handed to the port at once.")
    status_interval_s: float = Field(2.0, gt=0, description="Between two status questions while nothing is printed.")
    status_timeout_s: float = Field(1.0, gt=0, description="Time to answer a status question.")
    status_tries: int = Field(3, ge=1, le=10, description="Questions in a row without an answer that count as silence.")
    confirm_timeout_s: float = Field(
        60.0, gt=0, description="A print that is not confirmed so long after the printer was last unwell is unknown."
    )


class DrawerSettings(PrinterSettings):
    """Of a printer with a connector for a cash drawer."""

    drawer_pulse_ms: int = Field(100, ge=2, le=510, description="Length of the pulse that opens the drawer.")
    drawer_pause_ms: int = Field(200, ge=0, le=510, description="Rest of the solenoid after the pulse.")
    drawer_open_level: Literal["low", "high", "unknown"] = Field(
        "unknown", description="Level of its switch while the drawer is open; unknown: no switch, or not tried out."
    )


def drawer_pin(settings: object) -> Literal[2, 5] | None:
    """Of the connector, where it was not said otherwise."""
    pin: Literal[0, 2, 5] = getattr(settings, "drawer_pin", 0)
    return pin or None


def has_drawer(settings: object) -> bool:
    """A drawer is wired to its connector, and not a kitchen's buzzer, which would sound at each pulse."""
    return bool(getattr(settings, "drawer_pin", 0)) and getattr(settings, "buzzer", "none") != "drawer_port"
