"""What scanners that take commands have in common: their commands, and what tells a cashier yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.scanner_commands import BeepPattern, LedColor

SCAN_FAILED: Final = "scan_failed"

SCANNER_COMMANDS: Final[Mapping[str, bool]] = {
    "beep": False,
    "led": False,
    "enable": False,
    "disable": False,
    "trigger": False,
    "untrigger": False,
    "good_read": False,
    "not_on_file": False,
    "reset": True,
    "set_parameter": True,
}
"""Every command a scanner can have, and whether it has an effect that must not be repeated."""

BEEP_COUNTS: Final[Mapping[BeepPattern, int]] = {
    BeepPattern.TWO_SHORT_HIGH: 2,
    BeepPattern.TWO_SHORT_LOW: 2,
    BeepPattern.TWO_LONG_LOW: 2,
    BeepPattern.THREE_SHORT_HIGH: 3,
    BeepPattern.FOUR_LONG_LOW: 4,
}
"""How often a scanner with a single tone sounds it; once for the others."""
BEEP_GAP_S: Final = 0.25
"""Between two beeps of it: a beep of a hand scanner takes 100 to 200 ms."""


class Signal(BaseModel):
    """One answer to the cashier. Null: no sound, or no light."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    beep: BeepPattern | None = Field(None, description="Sound, by its name; null: none.")
    led: LedColor | None = Field(None, description="Light; null: none.")


class Feedback(BaseModel):
    """What ``good_read`` and ``not_on_file`` do at the scanner."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    good_read: Signal = Field(Signal(beep=BeepPattern.SHORT_HIGH), description="The article is known.")
    not_on_file: Signal = Field(
        Signal(beep=BeepPattern.FOUR_LONG_LOW, led=LedColor.RED), description="The article is not known: stop."
    )
    led_s: float = Field(0.5, ge=0.1, le=3.0, description="How long the light of a feedback is on.")


def commands(*names: str) -> Mapping[str, bool]:
    """Those of a driver, with whether they have an effect."""
    return {name: SCANNER_COMMANDS[name] for name in names}


def refuse(device_id: str, name: str, params: Mapping[str, Any]) -> None:
    """A command that takes no params got some. Raises DeviceError."""
    if params:
        unknown = ", ".join(sorted(params))
        text = f"scanner {device_id!r}: {name} takes no params; got {unknown}"
        raise DeviceError(ErrorCode.INVALID_REQUEST, text)


def unsupported(device_id: str, name: str) -> DeviceError:
    """A command that the scanner does not have."""
    return DeviceError(ErrorCode.UNSUPPORTED, f"scanner {device_id!r}: no command {name!r}")
