"""Settings of a customer display: what its profile and a device's configuration may say."""

from __future__ import annotations

import codecs
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edge_gateway.contracts.fields import PRINTED_PATTERN
from protocols.displays.dialect import DisplayDialect
from protocols.displays.dialects import DIALECTS

Dialect = Literal["epson", "cd5220", "aedex", "utc", "utc_enhanced", "logic_controls", "bematech", "aures_ocd300"]


class LineDisplaySettings(BaseModel):
    """Two lines of twenty characters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialect: Dialect = Field("epson", description="The command set it is switched to, mostly by DIP switches.")
    code_page: str = Field("cp437", description="Python name of its code page, such as cp437, cp858, cp852, cp866.")
    code_page_slot: int | None = Field(
        None, ge=0, le=255, description="Number that selects the code page; none: the display's switches do."
    )
    brightness_percent: int | None = Field(None, ge=1, le=100, description="Set at the start; none: as it is.")
    idle_lines: tuple[Annotated[str, Field(pattern=PRINTED_PATTERN)], ...] = Field(
        (), max_length=2, description="Shown at the start, and when nothing else is."
    )
    idle_after_s: float = Field(60.0, ge=0, description="Time without a command until idle_lines are shown; 0: never.")
    marquee_interval_s: float = Field(
        0.3, ge=0.1, description="Between two steps of a scrolling text that the display does not scroll itself."
    )
    refresh_interval_s: float = Field(
        300.0, ge=0, description="Set up and written again so often: it may have been off, and cannot say so. 0: never."
    )
    is_behind_printer: bool = Field(
        False, description="It hangs on a printer's cable, which passes on what comes after ESC = 2."
    )

    @field_validator("code_page")
    @classmethod
    def _code_page_is_known(cls, name: str) -> str:
        try:
            return codecs.lookup(name).name
        except LookupError:
            raise ValueError(f"code_page {name!r}: expected a Python codec such as cp437, cp858, cp866") from None

    @model_validator(mode="after")
    def _dialect_can_be_behind_a_printer(self) -> LineDisplaySettings:
        if self.is_behind_printer and not self.made_dialect.can_be_behind_a_printer:
            raise ValueError(f"is_behind_printer: dialect {self.dialect} has no ESC =; expected epson or cd5220")
        return self

    @property
    def made_dialect(self) -> DisplayDialect:
        return DIALECTS[self.dialect]
