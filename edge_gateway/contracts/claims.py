"""Exclusive use of a device (UnifiedPOS claim and release): its words, its limits, and what its commands take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from edge_gateway.contracts.fields import Level
from edge_gateway.contracts.states import ClaimEnd

CLAIM_TTL_S_MIN: Final = 1.0
"""Less, and a claim is over before the next command of a busy till arrives."""
CLAIM_TTL_S_MAX: Final = 300.0
"""A till that died without a word keeps a lane's printer from the others for so long at most."""
CLAIM_TTL_S_DEFAULT: Final = 30.0
"""A sale asks something of its devices every few seconds, and each request renews."""

CLAIM_COMMANDS: Final = ("claim", "renew", "release")
"""Taken for every device, whatever its driver."""
READ_PREFIXES: Final = ("read_", "retrieve_")
"""A command so named changes nothing: it is for everybody, whoever holds the device."""

ClaimTtl = Annotated[float, Field(strict=True, ge=CLAIM_TTL_S_MIN, le=CLAIM_TTL_S_MAX, allow_inf_nan=False)]


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClaimParams(_Params):
    """``params`` of ``claim``."""

    owner: Level = Field(description="Id of the terminal that claims.")
    owner_lane: Level | None = Field(
        None, description="Lane of the terminal; default: the device's. Needed for devices of the lane shared."
    )
    ttl_s: ClaimTtl = Field(CLAIM_TTL_S_DEFAULT, description="Time to live: the claim ends so long after its last use.")
    steal: StrictBool = Field(
        False, description="Take it from another owner, where the device's configuration allows that."
    )


class RenewParams(_Params):
    """``params`` of ``renew``; the token stands in the request's ``claim``."""

    ttl_s: ClaimTtl | None = Field(None, description="Another time to live from now on.")


class ReleaseParams(_Params):
    """``params`` of ``release``: none; the token stands in the request's ``claim``."""


@dataclass(frozen=True, slots=True)
class ClaimView:
    """Who holds a device, as everybody may see it: without the token."""

    owner: str
    owner_lane: str
    claimed_at: datetime
    expires_at: datetime
    ttl_s: float


@dataclass(frozen=True, slots=True)
class LostClaim:
    """The end of a claim that its owner did not ask for. ``new_owner``: who has it now, where it was stolen."""

    view: ClaimView
    why: ClaimEnd
    new_owner: str | None = None
