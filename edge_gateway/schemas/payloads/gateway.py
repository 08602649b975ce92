"""What the gateway tells of itself and of its store."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from edge_gateway.contracts.states import Health
from edge_gateway.schemas.payloads.bases import AlertData, Sent


class GatewayStatePayload(Sent):
    """Retained; the broker publishes ``offline`` if the gateway dies."""

    state: Literal["online", "offline"]
    since: datetime | None = Field(description="null in the last will: the broker cannot tell when the gateway died.")
    version: str


class HealthReason(Sent):
    part: str
    health: Health
    text: str


class GatewayHealthPayload(Sent):
    """Retained: the worst of the parts, and every reason that is not healthy."""

    status: Health
    reasons: list[HealthReason]


class EventDeadLetteredData(AlertData):
    """The cloud refused events for good; they are kept until a person decides."""

    stream: str = Field(description="transactions, device_events ...")
    count: int = Field(ge=1, description="Events of the stream since the last such alert.")
    event_id: str = Field(description="The first of them.")
    event_type: str
    reason: str = Field(description="The cloud's words.")


class StoreFullData(AlertData):
    """Transactions are refused until there is room."""


class StoreFillingData(AlertData):
    """The store fills: told at 70, 85 and 95 %, once on the way up; from 95 % on it is critical."""

    level_percent: Literal[70, 85, 95]
    fill_percent: float = Field(ge=0, le=100, description="Of what sales may use; at 100 they are refused.")


class EventsLockedData(AlertData):
    """Events that no key in the key file opens: kept, passed over, delivered when the key is back."""

    count: int = Field(ge=1)


class StoreSetAsideData(AlertData):
    """The database was damaged, and a new one was begun."""

    kept_as: str = Field(description="Path of the damaged file on the box.")


class EventsLostData(AlertData):
    """Events were lost with a damaged store; told again at each start until a person acknowledges it."""

    kept_as: str = Field(description="File name of the damaged store on the box.")
    lost: dict[str, int] = Field(description="How many, by stream.")
    is_exact: bool = Field(description="False: the damage leaves more than one answer.")
    transaction_ids: list[str] = Field(description="The first of the lost sales that are still known by their ids.")
