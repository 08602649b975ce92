"""The promise of an uplink: it delivers a batch to the cloud and tells the fate of each event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from edge_gateway.contracts.events import OutboxEvent

DELIVERED = ""
"""The outcome of an event that the cloud has (accepted now, or known from before)."""


class Uplink(Protocol):
    """One way to the cloud. Stateless but for its connection: the outbox remembers what is delivered."""

    counters: Counter[str]

    @property
    def name(self) -> str: ...

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        """Event id to ``DELIVERED`` or the reason of a final refusal; an id that is missing is sent again.

        Raises CloudTransientError for the whole batch (back off, then send again), CloudPermanentError when the cloud
        refuses the request as a whole (the courier narrows the batch to find the event that is refused).
        """
        ...

    async def probe(self) -> None:
        """Find out whether the far end can be reached, sending no event; bounded by the time to connect.

        Asked every few seconds while deliveries fail, so that they go on soon after the network is back. Raises
        CloudTransientError.
        """
        ...

    def wants(self, event: OutboxEvent) -> bool:
        """Whether the event is for this uplink at all; one that is not counts as done (filters of a webhook)."""
        ...

    async def close(self) -> None: ...
