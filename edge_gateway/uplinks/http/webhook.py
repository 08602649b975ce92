"""The webhook uplink: each event a signed POST of its own, to whoever subscribed (Standard Webhooks, CloudEvents)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.cloudevents import CONTENT_TYPE
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.settings_uplinks import WebhookSettings
from edge_gateway.uplinks.http.answers import NOT_THE_EVENTS_FAULT, RETRY_AFTER_S_MAX, retry_after_s
from edge_gateway.uplinks.http.certificates import Certificates
from edge_gateway.uplinks.http.clock_skew import skew_words
from edge_gateway.uplinks.http.http_client import Answer, HttpClient, speakable
from edge_gateway.uplinks.http.http_progress import Limits
from edge_gateway.uplinks.http.webhook_signature import read_secrets, signature
from edge_gateway.uplinks.secret_file import read_secret

POSTS_CONCURRENT_MAX: Final = 4
"""Within one batch, of different sources: a receiver far away must not be waited for event by event."""


Post = Callable[[OutboxEvent, Sequence[bytes]], Awaitable[str]]


class WebhookUplink:
    """Implements ``contracts.uplink.Uplink``.

    A batch that meets trouble ends there: what was delivered before is told, the rest comes again. Of one source no
    event is posted before the one before it was answered.
    """

    def __init__(self, settings: WebhookSettings, store_id: str, clock: Clock) -> None:
        self._settings = settings
        self._store_id = store_id
        self._clock = clock
        self._section = f"uplink.{settings.name}"
        self._http = HttpClient(
            Certificates(self._section, ca_file=settings.ca_file, version_min=settings.tls_version_min),
            Limits(
                connect_s=settings.connect_timeout_s,
                send_s=settings.send_timeout_s,
                first_byte_s=settings.first_byte_timeout_s,
                whole_s=settings.response_timeout_s,
            ),
            connections_max=settings.batches_concurrent_max * POSTS_CONCURRENT_MAX,
            proxy=settings.proxy,
        )
        self.counters: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return self._settings.name

    def wants(self, event: OutboxEvent) -> bool:
        types, sources = self._settings.types, self._settings.sources
        is_type_wanted = not types or any(_matches(event.type, wanted) for wanted in types)
        return is_type_wanted and (not sources or event.source.rpartition("/")[2] in sources)

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        delivery = _Delivery(self._post, self._keys())
        await delivery.run(events)
        if delivery.trouble is not None and not delivery.outcomes:
            raise delivery.trouble
        return delivery.outcomes

    async def probe(self) -> None:
        await self._http.probe(self._settings.url)

    async def close(self) -> None:
        await self._http.close()

    def _keys(self) -> list[bytes]:
        key = f"{self._section}.secret_file"
        try:
            return read_secrets(read_secret(self._settings.secret_file, key))
        except ValueError as error:
            raise CloudTransientError(f"{key} {self._settings.secret_file}: {error}") from None

    async def _post(self, event: OutboxEvent, keys: Sequence[bytes]) -> str:
        """Its outcome. Raises CloudTransientError."""
        # The time is that of this attempt: receivers refuse what is older than a few minutes.
        timestamp_s = int(self._clock.now().timestamp())
        headers = {
            "content-type": CONTENT_TYPE,
            "edge-store": self._store_id,
            "webhook-id": event.id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signature(keys, event.id, timestamp_s, event.payload),
        }
        self.counters["requests"] += 1
        self.counters["bytes_sent"] += len(event.payload)
        answer = await self._http.post(self._settings.url, event.payload, headers)
        self.counters[f"answers:{answer.status}"] += 1
        return self._outcome(answer)

    def _outcome(self, answer: Answer) -> str:
        if 200 <= answer.status < 300:
            return DELIVERED
        now = self._clock.now()
        words = f"{speakable(self._settings.url)}: {answer.status}"
        if answer.status == 410:
            raise CloudTransientError(
                f"{words}: the receiver has ended this subscription; remove [[uplink]] {self.name}, or give it a new "
                "url; until then its events are kept",
                retry_after_s=RETRY_AFTER_S_MAX,
            )
        if (skew := skew_words(answer.headers.get("date"), now)) is not None:
            raise CloudTransientError(f"{words}; {skew}")
        if answer.status in (401, 403):
            raise CloudTransientError(f"{words}; check {self._section}.secret_file, and which secret the receiver has")
        if 400 <= answer.status < 500 and answer.status not in NOT_THE_EVENTS_FAULT:
            return f"refused by the receiver: {answer.status}"
        raise CloudTransientError(words, retry_after_s=retry_after_s(answer.headers.get("retry-after"), now))


class _Delivery:
    """One batch under way: a chain of posts for each source, some of them at once."""

    def __init__(self, post: Post, keys: Sequence[bytes]) -> None:
        self._post = post
        self._keys = keys
        self._turns = asyncio.Semaphore(POSTS_CONCURRENT_MAX)
        self.outcomes: dict[str, str] = {}
        self.trouble: CloudTransientError | None = None

    async def run(self, events: Sequence[OutboxEvent]) -> None:
        chains: dict[str, list[OutboxEvent]] = {}
        for event in events:
            chains.setdefault(event.source, []).append(event)
        async with asyncio.TaskGroup() as group:
            for chain in chains.values():
                group.create_task(self._follow(chain))

    async def _follow(self, chain: Sequence[OutboxEvent]) -> None:
        for event in chain:
            async with self._turns:
                if self.trouble is not None:
                    return
                try:
                    self.outcomes[event.id] = await self._post(event, self._keys)
                except CloudTransientError as error:
                    self.trouble = self.trouble or error


def _matches(event_type: str, wanted: str) -> bool:
    return event_type.startswith(wanted[:-1]) if wanted.endswith("*") else event_type == wanted
