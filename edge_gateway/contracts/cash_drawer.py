"""Cash drawers: what a till may ask, what is known of one, and who opened it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge_gateway.contracts.request_in_hand import request_in_hand

DrawerState = Literal["open", "closed", "unknown"]
"""``unknown``: it has no switch, or nobody has said what its level means, or the way to it is gone."""
Level = Literal["high", "low"]
"""Of the wire of its switch. On a printer, high is also what a connector has with nothing plugged in."""

OPEN_DRAWER: Final = "open_drawer"
DRAWER_PULSED: Final = "drawer_pulsed"
DRAWER_OPENED: Final = "drawer_opened"
DRAWER_CLOSED: Final = "drawer_closed"
DRAWER_LEFT_OPEN: Final = "drawer_left_open"
DRAWER_EVENTS: Final = frozenset({DRAWER_PULSED, DRAWER_OPENED, DRAWER_CLOSED, DRAWER_LEFT_OPEN})

DISPLAY_BEHIND: Final = "write_display_behind"
"""Asked of a printer's driver by the gateway alone, never from the bus: ``data`` for the display on its cable."""

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class OpenDrawerParams(BaseModel):
    """``params`` of ``open_drawer``: who opens it and why, for the audit trail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: _Words | None = Field(None, description="Such as sale, no_sale, paid_in, float.")
    operator: _Words | None = Field(None, description="Id of whoever asks; not a name.")


class OpenPrinterDrawerParams(OpenDrawerParams):
    """``params`` of ``open_drawer`` at a printer."""

    pin: Literal[2, 5] | None = Field(None, description="Of the connector; default: as the printer is configured.")


class DrawerCommand(BaseModel):
    """The command that made the pulse."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["open_drawer", "print"] = Field(description="print: a document with a drawer element.")
    reason: str | None = Field(None, description="As it was given.")
    operator: str | None = Field(None, description="As it was given.")
    request_id: str | None = Field(None, description="Of open_drawer: the id of the request.")
    job_id: str | None = Field(None, description="Of print: the print job; read_job tells of it.")
    pin: Literal[2, 5] | None = Field(None, description="Of a printer's connector; null: the drawer has no printer.")


def command_of(params: OpenDrawerParams, pin: Literal[2, 5] | None = None) -> Mapping[str, Any]:
    """As ``DrawerCommand``, for events: of the request that is being carried out."""
    who = {"reason": params.reason, "operator": params.operator, "request_id": request_in_hand()}
    return DrawerCommand(name="open_drawer", pin=pin, **who).model_dump()


def printed_by(job_id: str | None, pin: Literal[2, 5] | None = None) -> Mapping[str, Any]:
    """The same, of a document with a drawer element."""
    return DrawerCommand(name="print", job_id=job_id, pin=pin).model_dump()


class DrawerView(BaseModel):
    """Class specific part of the state, and result of ``read_drawer``."""

    drawer: DrawerState
    drawer_level: Level | None = Field(description="Of the wire of its switch; null: it has none, or it is not known.")
    open_since: str | None = Field(description="When it was seen to be open; null: it is not, or that is not known.")
    is_left_open: bool = Field(description="It has been open for longer than the configured time.")
    is_switch_proven: bool = Field(
        description="Both levels were seen since the gateway connected: the switch is wired, and works."
    )


class OpenDrawerResult(BaseModel):
    """Result of ``open_drawer``."""

    drawer: DrawerState = Field(description="Right after the pulse.")
    confirmed_by: str = Field(
        description="switch: it was seen to open. printer: the printer carried the command out; of the drawer nothing "
        "is known. none: the pulse was sent."
    )
