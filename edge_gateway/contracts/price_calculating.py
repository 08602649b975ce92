"""``params`` of a scale's ``do_price_calculating`` (UnifiedPOS DoPriceCalculating)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DisplayText = Annotated[str, Field(min_length=1, max_length=64)]
DecimalText = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")]


class DoPriceCalculatingParams(BaseModel):
    """What the scale is to compute with."""

    model_config = ConfigDict(extra="forbid")

    unit_price: DecimalText | None = Field(
        None, description="Price of one unit of weight; without it, the price that was keyed in at the scale (CAS)."
    )
    tare: DecimalText | None = Field(None, description="Weight of the container, in the scale's unit.")
    text: DisplayText | None = Field(None, description="For the scale's display, such as the name of the goods.")

    @property
    def unit_price_decimal(self) -> Decimal | None:
        return None if self.unit_price is None else Decimal(self.unit_price)

    @property
    def tare_decimal(self) -> Decimal | None:
        return None if self.tare is None else Decimal(self.tare)
