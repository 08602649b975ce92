"""Retained JSON of the bus: what the gateway and its devices are, right now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edge_gateway.contracts.claims import ClaimView
from edge_gateway.contracts.clock import rfc3339
from edge_gateway.contracts.events import DeviceState


def gateway_state(state: str, since: datetime | None, version: str) -> bytes:
    """``online`` or ``offline``. ``since`` is null in the last will: the broker cannot tell when it spoke for us."""
    return compact({"state": state, "since": None if since is None else rfc3339(since), "version": version})


def device_state(state: DeviceState) -> bytes:
    """Class specific details (a scale's reading) stand beside the common fields and never replace one."""
    return compact(
        {
            **state.details,
            "power": state.power,
            "since": rfc3339(state.since),
            "reason": state.reason,
            "flags": list(state.flags),
            "last_frame_age_s": state.last_frame_age_s,
            "reconnect_count": state.reconnect_count,
            "last_disconnect": None if state.last_disconnect is None else state.last_disconnect.to_json(),
            "claim": None if state.claim is None else _claim(state.claim),
        }
    )


def _claim(claim: ClaimView) -> Mapping[str, Any]:
    """Not when it ends: each use of the device puts that off, and would be told."""
    return {
        "owner": claim.owner,
        "owner_lane": claim.owner_lane,
        "claimed_at": rfc3339(claim.claimed_at),
        "ttl_s": claim.ttl_s,
    }


def compact(value: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8 without blanks. Raises ValueError on what is no JSON (NaN), TypeError on other objects."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
