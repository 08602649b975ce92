"""What scales tell and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.states import ScaleStatus
from edge_gateway.schemas.payloads.bases import DecimalText, DeviceEventData, Sent


class WeightReading(Sent):
    """What a scale shows."""

    status: ScaleStatus
    weight: DecimalText | None = Field(description="As the scale sent it; only beside stable_weight and weight_zero.")
    unit: str
    net: bool | None = Field(description="Tare is taken off; null where the scale does not say.")
    gross: DecimalText | None = Field(description="Gross weight as sent beside the weight; null where it is not sent.")
    tare: DecimalText | None = Field(description="Tare as sent beside the weight; null where it is not sent.")
    resolution: DecimalText | None = Field(
        description="One division of the scale as it says or its profile knows it, else one step of its last digit."
    )
    age_ms: int = Field(ge=0, description="Since the scale was asked, or, where it sends by itself, since it sent.")


class HighResolutionReading(WeightReading):
    """More digits than the display has, for people who test a scale."""

    high_resolution: Literal[True] = Field(description="Not for trade.")


class PriceReading(WeightReading):
    """What a price-computing scale answers; the prices stand only beside a weight."""

    unit_price: DecimalText | None = Field(description="As the scale sent it back, or as it was sent to the scale.")
    price: DecimalText | None = Field(description="Of the goods, as the scale computed and rounded it.")
    tare: DecimalText | None = Field(description="Tare that was sent to the scale.")


class WeightChangedData(WeightReading, DeviceEventData):
    """The scale shows something new."""


class TareParams(BaseModel):
    """``params`` of ``tare``; without a weight, the scale takes what lies on it."""

    model_config = ConfigDict(extra="forbid")

    weight: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")] | None = None
