"""What a till may ask of lights and of a tone indicator (UnifiedPOS Lights, ToneIndicator)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

LightName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
CycleMs = Annotated[int, Field(strict=True, ge=50, le=60_000)]


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SwitchOnParams(_Params):
    """``params`` of ``switch_on``."""

    light: LightName = Field(description="As the configuration names it, such as red.")
    blink_on_ms: CycleMs | None = Field(None, description="Blink: on for so long; with blink_off_ms.")
    blink_off_ms: CycleMs | None = Field(None, description="Blink: off for so long; with blink_on_ms.")

    @model_validator(mode="after")
    def _blinks_with_both(self) -> Self:
        if (self.blink_on_ms is None) != (self.blink_off_ms is None):
            raise ValueError("blink_on_ms and blink_off_ms go together")
        return self


class SwitchOffParams(_Params):
    """``params`` of ``switch_off``."""

    light: LightName | None = Field(None, description="None: all of them.")


class LightsView(BaseModel):
    """Class specific part of the state, and result of every command."""

    lights: dict[str, Literal["on", "off", "blinking"]]


class SoundParams(_Params):
    """``params`` of ``sound``. Another one takes its place."""

    cycles: Annotated[int, Field(strict=True, ge=1, le=100)] = 1
    on_ms: CycleMs = Field(200, description="Length of a tone.")
    off_ms: CycleMs = Field(200, description="Between two tones.")


class ToneView(BaseModel):
    """Class specific part of the state, and result of every command."""

    is_sounding: bool
