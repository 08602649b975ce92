"""Settings of an ESC/POS printer: what its profile and a device's configuration may say."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from drivers.escpos_page import EscposPage
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_options import EncoderOptions


class EscposSettings(EscposPage):
    """Defaults are safe for a printer of which nothing is known but that it speaks ESC/POS."""

    confirm: Literal["process_id", "gs_r", "none"] = Field(
        "gs_r",
        description="How the end of a print is known: GS ( H (better, newer Epson), GS r, or not at all.",
    )
    status_language: Literal["epson", "custom", "sii"] = Field(
        "epson",
        description="How it tells its status: epson (DLE EOT, ASB), custom (DLE EOT 20 beside it), sii (GS a alone).",
    )
    can_disarm_real_time: bool = Field(False, description="It knows GS ( D; others may print it as text.")
    can_pulse_real_time: bool = Field(
        False,
        description="Open the drawer with DLE DC4 1 while it cannot print, or past a print that waits for paper; it is "
        "not disarmed then.",
    )

    @field_validator("drawer_pulse_ms", "drawer_pause_ms")
    @classmethod
    def _time_can_be_sent(cls, ms: int) -> int:
        commands.pulse_units(ms)
        return ms

    def encoder_options(self) -> EncoderOptions:
        return replace(super().encoder_options(), setup=self.setup())

    def setup(self) -> bytes:
        """What must follow every ESC @."""
        if not self.can_disarm_real_time:
            return commands.ENABLE_ASB
        return commands.ENABLE_ASB + (commands.ARM_REAL_TIME if self.can_pulse_real_time else commands.DISARM_REAL_TIME)
