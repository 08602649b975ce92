"""An example of every payload on the bus, by subject: for the AsyncAPI document and the pages; valid by test."""

from __future__ import annotations

from typing import Any, Final

from edge_gateway.schemas.examples import (
    counter,
    devices,
    gateway,
    print_jobs,
    printers,
    scales,
    scanners,
    transactions,
)
from edge_gateway.schemas.examples.transactions import EVENT_ID, TRANSACTION

__all__ = ["ALERT_DATA", "EVENT_DATA", "EXPIRES_AT", "PARAMS", "RESULTS", "STATES", "TRANSACTION", "cloud_event"]

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    **transactions.EVENT_DATA,
    **scanners.EVENT_DATA,
    **scales.EVENT_DATA,
    **counter.EVENT_DATA,
    **print_jobs.EVENT_DATA,
    **devices.EVENT_DATA,
    **gateway.EVENT_DATA,
}
ALERT_DATA: Final[dict[str, dict[str, Any]]] = {
    **counter.ALERT_DATA,
    **print_jobs.ALERT_DATA,
    **devices.ALERT_DATA,
    **gateway.ALERT_DATA,
}
PARAMS: Final[dict[str, dict[str, Any]]] = {
    **transactions.PARAMS,
    **scanners.PARAMS,
    **scales.PARAMS,
    **counter.PARAMS,
    **printers.PARAMS,
    **print_jobs.PARAMS,
    **devices.PARAMS,
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    **transactions.RESULTS,
    **scanners.RESULTS,
    **scales.RESULTS,
    **counter.RESULTS,
    **printers.RESULTS,
    **print_jobs.RESULTS,
    **devices.RESULTS,
}
STATES: Final[dict[str, dict[str, Any]]] = {**gateway.STATES, **devices.STATES}
EXPIRES_AT: Final = "2026-11-21T10:17:20Z"


def cloud_event(device_class: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """As on the bus."""
    device_id = data.get("device_id")
    return {
        "specversion": "1.0",
        "id": EVENT_ID,
        "source": "/stores/S001/gateway" if device_id is None else f"/stores/S001/devices/{device_id}",
        "type": f"com.edge-gateway.{device_class}.{name}.v1",
        "time": "2026-11-21T10:16:20.123Z",
        "datacontenttype": "application/json",
        "dataschema": f"urn:edge-gateway:schema:{device_class}.{name}.v1",
        "data": data,
    }
