"""The HTTPS uplink: batches of CloudEvents to the cloud's services, a result per event."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.cloudevents import BATCH_CONTENT_TYPE
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import StreamNames
from edge_gateway.settings_uplinks import HTTPS, CloudSettings
from edge_gateway.uplinks.http.answers import parse_results
from edge_gateway.uplinks.http.cloud_client import CloudClient

ROUTES: Final[Mapping[str, str]] = {
    StreamNames.TRANSACTIONS: "/v1/orders/events",
    StreamNames.INVENTORY: "/v1/inventory/events",
}
OTHER_ROUTE: Final = "/v1/events"

GZIP_BYTES_MIN: Final = 1_400
"""Below this a request fits into one packet anyway."""

GZIP_LEVEL: Final = 3
GZIP_INLINE_BYTES_MAX: Final = 64_000
"""Up to here compressing takes less than a millisecond; more is done in a thread, off the devices' path."""


class HttpsUplink:
    """Implements ``contracts.uplink.Uplink``."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._cloud = CloudClient(settings, clock)
        self.counters = self._cloud.counters

    @property
    def name(self) -> str:
        return HTTPS

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        path = ROUTES.get(stream, OTHER_ROUTE)
        # Payloads are JSON already: joined they are a JSON array, byte for byte what was accepted.
        body = b"[" + b",".join([event.payload for event in events]) + b"]"
        headers = {
            "content-type": BATCH_CONTENT_TYPE,
            "accept": "application/json",
            "idempotency-key": batch_key(events),
        }
        if len(body) >= GZIP_BYTES_MIN:
            body = await _compress(body)
            headers["content-encoding"] = "gzip"
        answer = await self._cloud.post(path, body, headers)
        return parse_results(answer.body, {event.id for event in events}, self._cloud.where(path))

    async def probe(self) -> None:
        await self._cloud.probe()

    def wants(self, event: OutboxEvent) -> bool:
        return True

    async def close(self) -> None:
        await self._cloud.close()


def batch_key(events: Sequence[OutboxEvent]) -> str:
    """The same batch sent again has the same key, also after a restart."""
    return hashlib.sha256("\n".join([event.id for event in events]).encode()).hexdigest()[:32]


async def _compress(body: bytes) -> bytes:
    if len(body) <= GZIP_INLINE_BYTES_MAX:
        return gzip.compress(body, GZIP_LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, GZIP_LEVEL, mtime=0)
