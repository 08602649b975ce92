"""The promises of the store: what was appended survives; a request is carried out once."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from edge_gateway.contracts.events import OutboxEvent


class StreamNames(StrEnum):
    """The streams of the outbox: a closed list, since each has its own place on disk."""

    TRANSACTIONS = "transactions"
    INVENTORY = "inventory"
    DEVICE_EVENTS = "device_events"
    TELEMETRY = "telemetry"
    AUDIT = "audit"


NEVER_DROPPED: Final = (StreamNames.TRANSACTIONS, StreamNames.AUDIT)
"""Sales and the audit trail wait for the cloud however long it takes: neither age nor want of room drops one."""


@dataclass(frozen=True, slots=True)
class Appended:
    """``is_new`` False: the same key with the same content was stored before, under ``event_id``."""

    event_id: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class StreamCounts:
    """Of one stream of the outbox. ``dead``: dead letters, ``delivered_total``: deliveries since the store was made, of
    all uplinks together both. ``dropped_total``: given up undelivered since then, for room or for their age."""

    pending: int
    dead: int
    delivered_total: int
    oldest_pending_age_s: float | None
    dropped_total: int = 0


class Pending(NamedTuple):
    """An event with its place in the store: sequences rise with every event of a stream."""

    sequence: int
    event: OutboxEvent


class Feed(Protocol):
    """What one uplink still has to deliver. Each uplink has its own; one task reads it."""

    @property
    def growth(self) -> int:
        """Changes whenever something may be there that was not there before."""
        ...

    @property
    def rewinds(self) -> int:
        """Changes when events came back below sequences that were read already (a replay, a key that was found):
        read again from the beginning."""
        ...

    @property
    def locked(self) -> int:
        """Events come across that cannot be read now, since their key is not here; they stay where they are."""
        ...

    @property
    def locked_reason(self) -> str | None:
        """Why, and what to do, if there are any."""
        ...

    async def wait_for_growth(self, known: int) -> int:
        """Return the present ``growth`` as soon as it is not ``known``, or after some seconds."""
        ...

    async def backlog(self, stream: str, *, after: int, limit: int) -> Sequence[Pending]:
        """The oldest events above the sequence ``after`` that this uplink has neither delivered nor buried."""
        ...

    async def live(self, stream: str, *, beyond: int, limit: int) -> Sequence[Pending]:
        """Events above ``beyond`` of sources that have nothing kept at or below it: they may overtake the backlog.

        Of each source from its oldest on; none while the sources of the backlog are not known.
        """
        ...

    async def settle(self, delivered: Sequence[int], dead: Mapping[int, str]) -> None:
        """Durably mark sequences: delivered, or dead letters with the far end's reason. Twice is harmless."""
        ...

    def lag(self, stream: str) -> int:
        """How many events this uplink has still to deliver. From memory."""
        ...

    def newest(self, stream: str) -> int:
        """The highest sequence given out in the stream; 0 before anything was read. From memory."""
        ...


class Outbox(Protocol):
    """Events that must reach the cloud, in streams, each in the order of appending."""

    def append(self, event: OutboxEvent, *, key: str | None = None, digest: str | None = None) -> Awaitable[Appended]:
        """Await it: return only after the event is on disk (many producers share one commit).

        ``key``: what makes it unique beyond its id (a transaction id); ``digest``: of its content, for repeats.
        Raises ConflictError (same key, other digest), StorageFullError (nothing written), StoreError.
        """
        ...

    async def find(self, key: str, digest: str) -> Appended | None:
        """What was stored under the key; None if nothing was. Raises ConflictError (other digest), StoreError."""
        ...

    def feed(self, uplink: str) -> Feed:
        """What a configured uplink still has to deliver. Raises StoreError for any other name."""
        ...

    async def former_id(self, key: str, digest: str) -> str | None:
        """The id an event had that was lost with a damaged store: stored again, it keeps it. None: no such loss."""
        ...

    async def counts(self) -> Mapping[str, StreamCounts]:
        """By stream."""
        ...


class CommandLog(Protocol):
    """Requests with an effect: each is carried out at most once, also across restarts.

    ``request_key`` is ``{target}/{request id}``; ``digest`` is of the command's name and params.
    """

    async def claim(self, request_key: str, digest: str, *, from_reserve: bool = False) -> bytes | None:
        """None: claimed now and durably, carry it out. Bytes: the stored reply (JSON), send it again.

        ``from_reserve``: of the room that is kept for what must be done however full the disk is; a person does it, a
        few times a minute.

        A claim left open by a crash is answered ``unknown``: its reply was made and stored at the next start.
        Raises ConflictError (key used with another digest), UnknownOutcomeError (claimed since this start, and no
        reply is stored: only who claimed it knows whether it is still being done), StorageFullError, StoreError.
        """
        ...

    async def reply(self, request_key: str, digest: str) -> bytes | None:
        """As ``claim``, but nothing is claimed: for what will not be carried out now."""
        ...

    async def finish(self, request_key: str, reply: bytes) -> None:
        """Keep the reply, durably."""
        ...
