"""What a till may ask of a customer display: parameters and results of its commands, the same for every dialect."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge_gateway.contracts.fields import PRINTED_PATTERN, TEXT_PATTERN

TEXT_CHARACTERS_MAX: Final = 500
"""Of a scrolling text; what a display shows at once is far less."""

Row = Annotated[int, Field(strict=True, ge=1, le=2)]


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DisplayTextParams(_Params):
    """``params`` of ``display_text``."""

    text: str = Field(
        max_length=TEXT_CHARACTERS_MAX,
        pattern=TEXT_PATTERN,
        description="Without row: the whole screen; a line feed begins the second line, and what is too long for the "
        "first goes on there. With row: that line, and the other stays.",
    )
    right: str | None = Field(
        None,
        max_length=20,
        pattern=PRINTED_PATTERN,
        description="At the right end of the row, such as a price; the text gives way. With row.",
    )
    row: Row | None = Field(None, description="1 is the upper line.")
    column: Annotated[int, Field(strict=True, ge=1, le=20)] | None = Field(
        None, description="Begin there, and leave the rest of the row as it is. With row."
    )
    align: Literal["left", "center", "right"] = Field("left", description="Where in the row.")

    @model_validator(mode="after")
    def _row_is_given(self) -> Self:
        if self.row is None and (self.right is not None or self.column is not None):
            raise ValueError("right and column need row")
        if self.column is not None and (self.right is not None or self.align != "left"):
            raise ValueError("column takes neither right nor align")
        return self


class ClearTextParams(_Params):
    """``params`` of ``clear_text``."""

    row: Row | None = Field(None, description="Only this line.")


class StartMarqueeParams(_Params):
    """``params`` of ``start_marquee``."""

    text: str = Field(
        min_length=1, max_length=TEXT_CHARACTERS_MAX, pattern=PRINTED_PATTERN, description="Scrolls from right to left."
    )
    row: Row = Field(1, description="The other line stays.")


class SetBrightnessParams(_Params):
    """``params`` of ``set_brightness``."""

    percent: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(description="The nearest level is taken.")


class SetBlinkParams(_Params):
    """``params`` of ``set_blink``."""

    interval_ms: Annotated[int, Field(strict=True, ge=0, le=12_700)] = Field(
        description="The whole screen goes on and off; 0: no more."
    )


class DisplayView(BaseModel):
    """What the gateway last wrote. A display does not answer: whether it is switched on is not known."""

    lines: tuple[str, str] = Field(description="As the display shows them, with what its code page has not replaced.")
    marquee_row: Row | None = Field(description="The line that scrolls; its text stands in lines.")
    is_idle_text: bool = Field(description="It is the text for when nothing was shown for a while.")
    brightness_percent: int | None = Field(description="As it was last set; null: never.")


class DisplayResult(DisplayView):
    """Result of what changes the screen."""

    replaced_characters: int = Field(0, description="Shown as ? because the display has no such character.")
    is_truncated: bool = Field(False, description="The text was longer than the place for it.")
