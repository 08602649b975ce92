"""Carries one stream of the outbox to the cloud, batch after batch, for as long as it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.backoff import Backoff
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.states import Health
from edge_gateway.contracts.store import Outbox
from edge_gateway.contracts.uplink import DELIVERED, Uplink
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.uplinks.conduct import Conduct

REFUSALS_IN_A_ROW_MAX: Final = 5
"""So many single events refused with nothing delivered in between look like trouble of the cloud, not of the events:
from then on an event becomes a dead letter only after it was refused again, one back-off later."""

DeadLetterCallback = Callable[[OutboxEvent, str], None]

_log = structlog.get_logger()


class Forwarder:
    """One task, one batch in memory. What is not settled on disk is sent again: the cloud knows it by its id.

    ``on_dead_letter`` is called with the event and the cloud's reason after the dead letter is on disk; must not raise.
    """

    def __init__(
        self,
        outbox: Outbox,
        uplink: Uplink,
        stream: str,
        settings: CloudSettings,
        clock: Clock,
        random: Random,
        on_dead_letter: DeadLetterCallback | None = None,
    ) -> None:
        self._outbox = outbox
        self._uplink = uplink
        self._stream = stream
        self._batch_events_max = settings.batch_events_max
        self._clock = clock
        self._backoff = Backoff(settings.retry_s_min, max(settings.retry_s_min, settings.retry_s_max), random)
        self._on_dead_letter = on_dead_letter
        self._conduct = Conduct(f"{uplink.name}/{stream}", clock)
        self._refusals_in_a_row = 0
        self._refused_before: str | None = None
        self.counters: Counter[str] = Counter()

    @property
    def name(self) -> str:
        """``https/transactions``"""
        return f"{self._uplink.name}/{self._stream}"

    @property
    def stream(self) -> str:
        return self._stream

    @property
    def health(self) -> Health:
        return self._conduct.health

    @property
    def reason(self) -> str | None:
        """Why it is not healthy."""
        return self._conduct.reason

    @property
    def last_delivery(self) -> datetime | None:
        return self._conduct.last_delivery

    async def run(self) -> None:
        """Until cancelled; may be cancelled at any point."""
        while True:
            try:
                await self._outbox.wait_for_pending(self._stream)
                events = await self._outbox.pending(self._stream, self._batch_events_max)
            except StoreError as error:
                await self._pause(f"the outbox cannot be read: {error}")
                continue
            await self._carry(events)

    async def _carry(self, events: Sequence[OutboxEvent]) -> None:
        """Deliver and settle a batch; a batch that is refused as a whole is halved until the culprit stands alone."""
        parts = [events] if events else []
        while parts:
            part = parts.pop()
            try:
                outcomes = await self._uplink.deliver(self._stream, part)
                is_answered = True
            except CloudTransientError as error:
                self.counters["attempts_failed"] += 1
                await self._pause(str(error), error.retry_after_s or 0.0)
                return
            except CloudPermanentError as error:
                self.counters["batches_refused"] += 1
                if len(part) > 1:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                    continue
                if not await self._is_final(part[0], str(error)):
                    return
                outcomes, is_answered = {part[0].id: str(error) or "refused"}, False
            if not await self._settle(part, outcomes):
                await self._pause(f"the cloud answered for none of {len(part)} events")
                return
            if is_answered:
                self._refusals_in_a_row = 0
                self._backoff.reset()
                self._conduct.answered()

    async def _is_final(self, event: OutboxEvent, reason: str) -> bool:
        """Whether a single refused event is to become a dead letter now; if not, it was waited a little."""
        self._refusals_in_a_row += 1
        if self._refusals_in_a_row <= REFUSALS_IN_A_ROW_MAX or self._refused_before == event.id:
            return True
        self._refused_before = event.id
        await self._pause(f"the cloud refuses one event after the other: {reason}")
        return False

    async def _settle(self, part: Sequence[OutboxEvent], outcomes: Mapping[str, str]) -> bool:
        """Put the fate of each event on disk, however long the disk takes; False if there is none to put down."""
        delivered = [event.id for event in part if outcomes.get(event.id) == DELIVERED]
        refused = [(event, outcomes[event.id]) for event in part if outcomes.get(event.id, DELIVERED) != DELIVERED]
        if not delivered and not refused:
            return False
        while True:
            try:
                await self._outbox.settle(delivered, {event.id: reason for event, reason in refused})
                break
            except StoreError as error:
                await self._pause(f"delivered, but the outbox cannot note it: {error}")
        self.counters["delivered"] += len(delivered)
        self.counters["unanswered"] += len(part) - len(delivered) - len(refused)
        for event, reason in refused:
            self._tell_dead_letter(event, reason)
        if delivered:
            self._conduct.delivered()
            _log.debug(log_events.BATCH_DELIVERED, uplink=self.name, events=len(delivered))
        return True

    def _tell_dead_letter(self, event: OutboxEvent, reason: str) -> None:
        self.counters["dead_lettered"] += 1
        _log.error(log_events.EVENT_DEAD_LETTERED, uplink=self.name, event_id=event.id, reason=reason)
        if self._on_dead_letter is not None:
            self._on_dead_letter(event, reason)

    async def _pause(self, reason: str, at_least_s: float = 0.0) -> None:
        self._conduct.failed(reason)
        await self._clock.sleep(max(self._backoff.next_delay(), at_least_s))
