"""Payloads of cash drawers, as drawers and printers with one tell them, and as the cloud gets them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.cash_drawer import DrawerCommand
from edge_gateway.schemas.payloads.bases import DeviceEventData


class DrawerPulsedData(DeviceEventData):
    """The drawer was told to open. Whether it did is another event, if it has a switch."""

    command: DrawerCommand


class DrawerOpenedData(DeviceEventData):
    """The drawer was seen to open."""

    command: DrawerCommand | None = Field(description="What opened it; null: no command.")
    uncommanded: bool = Field(description="By its key, by force, or by a device beside the gateway.")


class DrawerClosedData(DeviceEventData):
    """The drawer was seen to close."""

    open_s: float | None = Field(description="How long it was open; null: that is not known.")


class DrawerLeftOpenData(DeviceEventData):
    """The drawer is open for longer than left_open_after_s. Told once."""

    open_s: float


class DrawerUsedData(DeviceEventData):
    """For the audit trail, always kept: each pulse, opening, closing, and each drawer left open."""

    device_class: str = Field(description="cash_drawer, or pos_printer where its drawer is no device of its own.")
    what: Literal["pulsed", "opened", "closed", "left_open"]
    command: DrawerCommand | None = Field(description="Of pulsed and opened.")
    uncommanded: bool | None = Field(description="Of opened.")
    open_s: float | None = Field(description="Of closed and left_open.")
    terminal: str | None = Field(description="Which had claimed the device at that moment; null: none had.")


class DrawerAlertData(BaseModel):
    """Somebody has to look at a drawer."""

    model_config = ConfigDict(extra="forbid")

    text: str
    device_id: str
    lane: str
