"""The HTTPS uplink: batches of CloudEvents to the cloud's services, a result per event."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.cloudevents import BATCH_CONTENT_TYPE
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import StreamNames
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.uplinks.answers import parse_results, raise_for_status
from edge_gateway.uplinks.http_client import Answer, HttpClient, speakable
from edge_gateway.uplinks.token import TokenSource

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
    """Implements ``contracts.uplink.Uplink``; shared by the forwarders of all streams."""

    def __init__(self, settings: CloudSettings, clock: Clock) -> None:
        self._base_url = settings.base_url.rstrip("/")
        self._clock = clock
        self._client = HttpClient(
            ca_file=settings.ca_file,
            connect_timeout_s=settings.connect_timeout_s,
            response_timeout_s=settings.response_timeout_s,
        )
        self._tokens = None if settings.oauth is None else TokenSource(settings.oauth, self._client, clock)
        self.counters: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return "https"

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        url = self._base_url + ROUTES.get(stream, OTHER_ROUTE)
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
        answer = await self._post(url, body, headers)
        what = speakable(url)
        raise_for_status(answer.status, answer.headers.get("retry-after"), answer.body, self._clock.now(), what)
        return parse_results(answer.body, {event.id for event in events}, what)

    async def probe(self) -> None:
        await self._client.probe(self._base_url)

    def wants(self, event: OutboxEvent) -> bool:
        return True

    async def close(self) -> None:
        await self._client.close()

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send; if the cloud no longer knows the token, once more with a new one."""
        answer = await self._send(url, body, headers)
        if answer.status == 401 and self._tokens is not None:
            self._tokens.forget(headers["authorization"].removeprefix("Bearer "))
            answer = await self._send(url, body, headers)
        return answer

    async def _send(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        if self._tokens is not None:
            headers["authorization"] = f"Bearer {await self._tokens.token()}"
        self.counters["requests"] += 1
        self.counters["bytes_sent"] += len(body)
        answer = await self._client.post(url, body, headers)
        self.counters[f"answers:{answer.status}"] += 1
        return answer


def batch_key(events: Sequence[OutboxEvent]) -> str:
    """The same batch sent again has the same key, also after a restart."""
    return hashlib.sha256("\n".join([event.id for event in events]).encode()).hexdigest()[:32]


async def _compress(body: bytes) -> bytes:
    if len(body) <= GZIP_INLINE_BYTES_MAX:
        return gzip.compress(body, GZIP_LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, GZIP_LEVEL, mtime=0)
