"""What printers answer for themselves; of print jobs: ``print_jobs``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.schemas.payloads.bases import Sent


class ClearErrorParams(BaseModel):
    """The error was mended by a person."""

    model_config = ConfigDict(extra="forbid")

    output: Literal["keep", "clear"] = Field(
        "keep",
        description="What the printer holds and has not printed: print it, or forget it (UnifiedPOS ClearOutput).",
    )


class LabelPrintResult(Sent):
    """The labels are out."""

    bytes: int = Field(ge=0)
    labels: int = Field(ge=1, description="So many came out.")
    pictured_texts: int = Field(ge=0, description="Lines that the printer has no font for, printed as pictures.")
    replaced_characters: int = Field(ge=0, description="Characters that no font has.")
    confirmed_by: Literal["printer", "none"] = Field(description="none: the printer cannot say when it is done.")


class LabelPrinterStatus(Sent):
    """What the label printer says of itself; null: it has not said."""

    answering: bool
    head_open: bool | None
    media_out: bool | None
    ribbon_out: bool | None
    paused: bool | None
    label_waiting: bool | None = Field(description="A label waits in the peeler.")
    outstanding: int | None = Field(description="Labels and formats that are still to be printed, as it counts them.")
    error: str | None
    flags: list[str]


class DrawerResult(Sent):
    """The pulse was sent."""

    drawer: str | None
    confirmed_by: str


class PrinterStatus(Sent):
    """What the printer says of itself."""

    answering: bool
    online: bool | None
    cover_open: bool | None
    paper: str | None
    drawer: str | None
    drawer_level: str | None = Field(description="Of pin 3 of the drawer connector: high, low; null: not said.")
    error_level: Literal["none", "recoverable", "fatal"] = Field(description="ErrorLevel of UnifiedPOS.")
    flags: list[str]
