"""A client of the simulated cloud, and events to send to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx2

from simulators.cloud import CloudSimulator

BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
ORDERS = "/v1/orders/events"


class CloudClient:
    """Sends with a token of its own."""

    def __init__(self, http: httpx2.AsyncClient, token: str) -> None:
        self.http = http
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": BATCH_CONTENT_TYPE}

    async def post(
        self, events: Any, *, path: str = ORDERS, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        body = events if isinstance(events, bytes) else json.dumps(events).encode()
        return await self.http.post(path, content=body, headers={**self.headers, **(headers or {})})

    async def send(self, *events: Any) -> list[tuple[str, str]]:
        """Id and status of each result."""
        response = await self.post(list(events))
        assert response.status_code == 200, response.text
        return [(result["id"], result["status"]) for result in response.json()["results"]]

    async def get(self, path: str, **params: Any) -> httpx2.Response:
        return await self.http.get(path, params=params or None, headers=self.headers)

    async def summary(self) -> dict[str, Any]:
        summary = (await self.http.get("/oracle/summary")).json()
        assert isinstance(summary, dict)
        return summary


@asynccontextmanager
async def cloud_client(cloud: CloudSimulator, *, timeout_s: float = 5.0) -> AsyncIterator[CloudClient]:
    """A client that has a token."""
    async with httpx2.AsyncClient(base_url=cloud.url, timeout=timeout_s, trust_env=False) as http:
        form = {
            "grant_type": "client_credentials",
            "client_id": cloud.client_id,
            "client_secret": cloud.client_secret,
        }
        response = await http.post("/oauth/token", data=form)
        yield CloudClient(http, response.json()["access_token"])


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    """A device event that the cloud takes."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/stores/S001/devices/scanner-1",
        "type": "com.edge-gateway.scanner.barcode_scanned.v1",
        "time": "2026-11-21T10:16:20.123Z",
        "datacontenttype": "application/json",
        "data": {"device_id": "scanner-1", "lane": "lane-1", "sequence": 1},
        **changes,
    }


def sale_event(
    event_id: str, transaction_id: str, *, sold: Sequence[tuple[str, Decimal]] = (), type: str = "sale"
) -> dict[str, Any]:
    """A transaction, as thin as the cloud takes it."""
    lines = [{"sku": sku, "quantity": str(quantity)} for sku, quantity in sold]
    transaction = {
        "transaction_id": transaction_id,
        "type": type,
        "currency": "EUR",
        "lines": lines,
        "totals": {"gross": "6.19"},
    }
    return event(
        event_id,
        source="/stores/S001/devices/T1",
        type="com.edge-gateway.pos.transaction_completed.v1",
        data={"device_id": "T1", "lane": "lane-1", "sequence": 1, "transaction": transaction},
    )
