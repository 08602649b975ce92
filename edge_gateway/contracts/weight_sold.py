"""A weight that was sold, beside what a scale showed: an audit event for each line of a sale that is sold by weight."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.states import ScaleStatus

WEIGHT_UNITS: Final = frozenset({"kg", "g", "mg", "t", "lb", "lbs", "oz", "kgm", "grm", "lbr", "onz"})
"""A line with one of these is sold by weight: as scales and tills write them, and codes of UN/ECE Recommendation 20."""


class NoReading(StrEnum):
    """Why there is no reading beside a weight that was sold."""

    NO_SCALE = "no_scale"
    """Neither the lane of the sale nor the lane ``shared`` has a scale."""
    NO_MATCHING_READING = "no_matching_reading"
    """None of their scales showed this weight, in this unit, while the sale can have been made."""
    SUBMITTED_LATE = "submitted_late"
    """The sale was completed long before it was submitted, by its own word: what the scales showed then is not known
    any more, or they showed this weight only after it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class SoldReading(_Part):
    """What a scale showed. ``sequence``: of its event, as ``data.sequence`` on the bus."""

    device_id: str
    lane: str
    weight: str = Field(description="As the scale sent it: compared with the quantity as a number, never changed.")
    unit: str
    net: bool | None = Field(description="As the scale says; null: its protocol does not say.")
    status: ScaleStatus
    measured_at: datetime
    shown_until: datetime | None = Field(description="When the scale showed something else; null: it still shows it.")
    epoch: int | None
    sequence: int = Field(ge=1)
    age_s: float = Field(ge=0, description="Since it was measured, when the sale was accepted.")
    also_for: str | None = Field(
        description="Transaction and line that the same reading stands beside already, as ID/LINE; null: none."
    )


class WeightSoldData(_Part):
    """``data`` of the audit event."""

    device_id: str = Field(description="The terminal that sold.")
    lane: str
    epoch: int | None
    sequence: int = Field(
        ge=1, description="Rises by one with each such event of the terminal; starts anew with the gateway."
    )
    transaction_id: str
    line_number: int
    sku: str
    quantity: str = Field(description="As sold.")
    unit: str
    reading: SoldReading | None
    no_reading: NoReading | None = Field(description="Why there is none; null: there is one.")
