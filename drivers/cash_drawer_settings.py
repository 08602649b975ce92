"""Settings of a cash drawer: how it is opened, and what the level of its switch means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge_gateway.contracts.gpio import WireUse

DRAWER: Final = "drawer"
SENSE: Final = "sense"

OneByteCharacters = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=r"^[\x00-\xff]+$")]


class CashDrawerSettings(BaseModel):
    """Of every drawer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    left_open_after_s: float = Field(
        120.0, ge=0, description="Open for so long it is told (drawer_left_open, an alert); 0: never."
    )
    sense_timeout_s: float = Field(1.0, gt=0, le=5, description="A drawer that got its pulse is open within this.")


class SwitchSettings(CashDrawerSettings):
    """Of a drawer whose switch is a wire."""

    open_level: Literal["low", "high", "unknown"] = Field(
        "unknown", description="Level of the wire while the drawer is open; unknown: no switch, or not tried out."
    )


class PrinterDrawerSettings(SwitchSettings):
    """On a printer's connector. ``open_level`` unknown: as ``drawer_open_level`` of the printer says."""


class SerialDrawerSettings(SwitchSettings):
    """On a serial port."""

    open_bytes: OneByteCharacters = Field("\x07", description="What opens it; most take any byte.")
    sense: Literal["cts", "dsr", "dcd", "ri", "none"] = Field(
        "none", description="The wire of the port that its switch is on; high: the signal is there."
    )
    sense_interval_s: float = Field(0.1, ge=0.02, description="Between two looks at that wire.")


class GpioDrawerSettings(SwitchSettings):
    """On wires of the box: transport.lines has drawer, an output, and sense, an input, where it has a switch."""

    pulse_ms: int = Field(100, ge=10, le=1000, description="Length of the pulse; its solenoid is made for 200 ms.")

    def wires(self) -> Mapping[str, WireUse]:
        """In transport.lines."""
        return {DRAWER: WireUse("output"), SENSE: WireUse("input", is_needed=self.open_level != "unknown")}


class PosiflexDrawerSettings(CashDrawerSettings):
    """On USB. It says itself whether it is closed."""

    drawer_number: int = Field(0, ge=0, le=7, description="Last digit of its USB product id 020N.")
    query_interval_s: float = Field(0.25, ge=0.05, description="Between two questions.")
