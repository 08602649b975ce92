"""What a till may ask of a bar code scanner: parameters of the commands, the same for every maker."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

TEXT_CHARACTERS_MAX = 64
"""Of a parameter's name or value: no scanner's setting is longer."""
NUMBER_MAX = 65_535


class BeepPattern(StrEnum):
    """What a scanner can be made to sound. One that has a single tone sounds it for each of them."""

    SHORT_HIGH = "short_high"
    TWO_SHORT_HIGH = "two_short_high"
    THREE_SHORT_HIGH = "three_short_high"
    SHORT_LOW = "short_low"
    TWO_SHORT_LOW = "two_short_low"
    LONG_HIGH = "long_high"
    LONG_LOW = "long_low"
    TWO_LONG_LOW = "two_long_low"
    FOUR_LONG_LOW = "four_long_low"
    FAST_WARBLE = "fast_warble"
    SLOW_WARBLE = "slow_warble"
    HIGH_LOW = "high_low"
    LOW_HIGH = "low_high"


class LedColor(StrEnum):
    """Of the scanner's own lamp."""

    GREEN = "green"
    RED = "red"
    YELLOW = "yellow"


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BeepParams(_Params):
    """``beep``"""

    pattern: BeepPattern = BeepPattern.SHORT_HIGH


class LedParams(_Params):
    """``led``"""

    on: StrictBool
    color: LedColor = LedColor.GREEN


class SetParameterParams(_Params):
    """``set_parameter``: a setting by the number or the tag that the scanner's manual gives it."""

    parameter: (
        Annotated[int, Field(strict=True, ge=0, le=NUMBER_MAX)] | Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)]
    )
    value: (
        Annotated[int, Field(strict=True, ge=0, le=NUMBER_MAX)] | Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)]
    )
    kind: Literal["byte", "word", "string"] = Field("byte", description="Of a numbered parameter, as in the manual.")
    permanent: StrictBool = Field(False, description="Kept over a power cycle; scanners wear out by many of these.")
