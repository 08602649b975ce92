"""What a person changed in the outbox: one event in the audit stream for each change, and the mark of a correction."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.cloudevents import event_type

EVENT_TYPE: Final = event_type("gateway", "outbox_changed")

CORRECTION_OF: Final = "correctionof"
"""CloudEvents extension attribute of an event that a person corrected: the id of the one that was refused. (Changed
content needs an id of its own: the far end has seen the old one, and may know it for good.)"""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChangedEvent(_Part):
    """An event that a person decided about."""

    id: str
    stream: str
    uplink: str | None = Field(None, description="The uplink that refused it.")
    reason: str | None = Field(None, description="Why it was refused.")
    event: dict[str, Any] | None = Field(None, description="As it was, whole; null where it could not be read.")


class OutboxChangedData(_Part):
    """``data`` of the audit event: who did what to which events, and why."""

    action: Literal["replayed", "edited", "discarded", "loss_acknowledged"]
    user: str = Field(description="Of the operating system; with sudo, who called it.")
    why: str | None = Field(None, description="In the words of that person.")
    new_event_id: str | None = Field(None, description="edited: the id of the corrected event.")
    changes: dict[str, Any] = Field({}, description="edited: by path, the new values. loss_acknowledged: the counts.")
    events: list[ChangedEvent] = Field([], description="loss_acknowledged: none.")
    epoch: int | None = Field(None, description="Of the gateway's last start.")
