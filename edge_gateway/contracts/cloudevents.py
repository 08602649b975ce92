"""CloudEvents 1.0, structured mode: the one shape of every event on the bus and on its way to the cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edge_gateway.contracts.clock import rfc3339

CONTENT_TYPE = "application/cloudevents+json"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
TYPE_PREFIX = "com.edge-gateway"
SCHEMA_BASE = "urn:edge-gateway:schema"
COMMON_NAMES = frozenset({"claim_lost", "address_changed"})
"""Events that devices of any class have: one schema, of the class ``device``."""


def event_type(device_class: str, name: str, version: int = 1) -> str:
    """``com.edge-gateway.{class}.{event}.v1``"""
    return f"{TYPE_PREFIX}.{device_class}.{name}.v{version}"


def schema_of(event_type: str) -> str:
    """The ``$id`` of the published schema of an event's ``data``."""
    device_class, _, rest = event_type.removeprefix(f"{TYPE_PREFIX}.").partition(".")
    is_common = rest.partition(".")[0] in COMMON_NAMES
    return f"{SCHEMA_BASE}:{'device' if is_common else device_class}.{rest}"


def device_source(store_id: str, device_id: str) -> str:
    """``/stores/{store}/devices/{device}``"""
    return f"/stores/{store_id}/devices/{device_id}"


def gateway_source(store_id: str) -> str:
    """``/stores/{store}/gateway``"""
    return f"/stores/{store_id}/gateway"


def cloud_event(
    *, event_id: str, source: str, event_type: str, time: datetime, data: Mapping[str, Any], subject: str | None = None
) -> bytes:
    """The event as compact UTF-8 JSON. ``data`` must already be JSON-able (decimals as text)."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
        "time": rfc3339(time),
        "datacontenttype": "application/json",
        "dataschema": schema_of(event_type),
        "data": data,
    }
    if subject is not None:
        event["subject"] = subject
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
