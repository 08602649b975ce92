"""What payloads are built on."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]


class Sent(BaseModel):
    """Something the gateway sends."""

    model_config = ConfigDict(extra="allow")


class NoParams(BaseModel):
    """The command takes no params."""

    model_config = ConfigDict(extra="forbid")


class EmptyResult(Sent):
    """Done."""


class DeviceEventData(Sent):
    """``data`` of every event of a device."""

    device_id: str
    lane: str
    epoch: int | None = Field(
        ge=1,
        description="Rises with each start of the gateway, whatever its clock says: (epoch, sequence) is the order of "
        "a device's events for good. Null while the gateway waits for its store.",
    )
    sequence: int = Field(ge=1, description="Rises by one with each event of the device; starts anew with the gateway.")


class AlertData(Sent):
    """``data`` of an alert."""

    text: str = Field(description="For a person: what is wrong, and what to do.")
