"""What a device said, on its way out: to the bus at once, and to the outbox where it is forwarded to the cloud."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.cloudevents import cloud_event, device_source, event_type
from edge_gateway.contracts.errors import StorageFullError, StoreError
from edge_gateway.contracts.events import OutboxEvent, StampedEvent
from edge_gateway.contracts.store import Outbox

STREAM: Final = "device_events"
WAITING_MAX: Final = 10_000
"""Events that wait for the disk: minutes of every scanner of a large store on a card that writes 10 ms."""
WORKS_AGAIN: Final = WAITING_MAX // 2
"""From here on a failure is a new one, and logged: a queue that only stays full is one."""

log = structlog.get_logger(__name__)

Publish = Callable[[StampedEvent, bytes], None]


def no_epoch() -> None:
    """The store was not opened yet, and only it knows how often the gateway was started."""
    return


class EventRouter:
    """``route`` is called by supervisors and never waits.

    ``forward``: device id to the names of its events that go to the cloud. Appends of one device keep their order, one
    at a time; devices append side by side and share commits. ``durable_before_bus``: a forwarded event is published
    only once it is on disk; if the disk refuses it, it is published all the same: the lane must go on. ``epoch``: rises
    with every start, so that (epoch, sequence) orders the events of a device for good; None while it is not known.
    """

    def __init__(
        self,
        store_id: str,
        publish: Publish,
        outbox: Outbox,
        ids: EventIds,
        forward: Mapping[str, Collection[str]],
        durable_before_bus: bool = False,
        epoch: Callable[[], int | None] = no_epoch,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        """By device: events that were not kept because too many waited."""
        self._store_id = store_id
        self._publish = publish
        self._outbox = outbox
        self._ids = ids
        self._forward = {device_id: frozenset(names) for device_id, names in forward.items()}
        self._durable_before_bus = durable_before_bus
        self._epoch = epoch
        self._waiting: dict[str, deque[tuple[StampedEvent, OutboxEvent]]] = {}
        self._appending: set[asyncio.Task[None]] = set()
        self._waiting_count = 0
        self._is_failing = False

    def route(self, stamped: StampedEvent) -> None:
        event_id = self._ids()
        kind = event_type(stamped.device_class, stamped.event.name)
        payload = cloud_event(
            event_id=event_id,
            source=device_source(self._store_id, stamped.device_id),
            event_type=kind,
            time=stamped.time,
            data={
                **stamped.event.data,
                "device_id": stamped.device_id,
                "lane": stamped.lane,
                "epoch": self._epoch(),
                "sequence": stamped.sequence,
            },
        )
        self.counters["routed"] += 1
        is_forwarded = stamped.event.name in self._forward.get(stamped.device_id, ())
        if not (is_forwarded and self._durable_before_bus):
            self._publish(stamped, payload)
        if is_forwarded:
            source = f"{stamped.lane}/{stamped.device_id}"
            self._keep(stamped, OutboxEvent(event_id, STREAM, source, kind, payload))

    async def drain(self, deadline_s: float) -> None:
        """At a stop, after the devices ended: wait until what was routed is on disk, no longer than the deadline."""
        if self._appending:
            await asyncio.wait(self._appending, timeout=deadline_s)
        for task in self._appending:
            task.cancel()

    def _keep(self, stamped: StampedEvent, event: OutboxEvent) -> None:
        if self._waiting_count >= WAITING_MAX and not self._make_room_for(stamped.device_id):
            self._give_up(stamped, event)
            return
        self._waiting_count += 1
        waiting = self._waiting.get(stamped.device_id)
        if waiting is not None:
            waiting.append((stamped, event))
            return
        self._waiting[stamped.device_id] = deque([(stamped, event)])
        # One task for each device that has something to append; it ends when nothing is left.
        task = asyncio.get_running_loop().create_task(self._append_all(stamped.device_id))
        self._appending.add(task)
        task.add_done_callback(self._appending.discard)

    def _make_room_for(self, device_id: str) -> bool:
        """A device that floods loses its own newest, never another's; False: it is this one."""
        longest = max(self._waiting.values(), key=len)
        if len(longest) <= len(self._waiting.get(device_id, ())) + 1:
            return False
        self._waiting_count -= 1
        self._give_up(*longest.pop())  # not the oldest: that is on its way to the disk
        return True

    def _give_up(self, stamped: StampedEvent, event: OutboxEvent) -> None:
        self.dropped[stamped.device_id] += 1
        self._failed("queue_full", f"{WAITING_MAX} events wait for the disk, most of them of {stamped.device_id}")
        if self._durable_before_bus:
            self._publish(stamped, event.payload)

    async def _append_all(self, device_id: str) -> None:
        waiting = self._waiting[device_id]
        try:
            while waiting:
                stamped, event = waiting[0]
                await self._append(event)
                if self._durable_before_bus:
                    self._publish(stamped, event.payload)
                waiting.popleft()
                self._waiting_count -= 1
        finally:
            self._waiting_count -= len(waiting)
            self.counters["dropped:stopped"] += len(waiting)
            del self._waiting[device_id]

    async def _append(self, event: OutboxEvent) -> None:
        try:
            await self._outbox.append(event)
        except StoreError as error:
            self._failed("storage_full" if isinstance(error, StorageFullError) else "store", str(error))
        else:
            self.counters["forwarded"] += 1
            if self._waiting_count <= WORKS_AGAIN:
                self._is_failing = False

    def _failed(self, reason: str, words: str) -> None:
        """Counted each time, logged once until it works again."""
        self.counters[f"dropped:{reason}"] += 1
        if not self._is_failing:
            self._is_failing = True
            log.error(log_events.EVENTS_DROPPED, stream=STREAM, reason=words)
