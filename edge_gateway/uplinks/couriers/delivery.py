"""Carries one batch: sends it, narrows it down where it is refused, and puts the fate of each event on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.backoff import Backoff
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError, StoreError, stack_of
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.foreign_words import foreign_words
from edge_gateway.contracts.store import Feed, Pending
from edge_gateway.contracts.uplink import DELIVERED, Uplink
from edge_gateway.contracts.waiting import within
from edge_gateway.settings_uplinks import DeliverySettings
from edge_gateway.uplinks.couriers.stream_way import StreamWay

DELIVERY_S_MIN: Final = 120.0
"""An uplink limits its own waiting; one that does not come back after this, and after four times what it is allowed to
wait for an answer, is given up: nothing may hold a place for ever."""

DeadLetterCallback = Callable[[OutboxEvent, str], None]

_log = structlog.get_logger()


@dataclass(slots=True)
class Outcome:
    """``settled``: sequences that are done with. ``failure``: why the rest is to be sent again later; None: at once."""

    settled: set[int] = field(default_factory=set)
    failure: str | None = None
    retry_after_s: float = 0.0


class Delivery:
    """Of one uplink. ``on_dead_letter`` is called after the dead letter is on disk; must not raise."""

    def __init__(
        self,
        feed: Feed,
        uplink: Uplink,
        settings: DeliverySettings,
        clock: Clock,
        random: Random,
        on_answer: Callable[[StreamWay, bool], None],
        on_store: Callable[[str | None], None],
        on_dead_letter: DeadLetterCallback | None,
    ) -> None:
        self._feed = feed
        self._uplink = uplink
        self._settings = settings
        self._clock = clock
        self._random = random
        self._on_answer = on_answer
        self._on_store = on_store
        self._on_dead_letter = on_dead_letter
        self._delivery_s_max = max(DELIVERY_S_MIN, 4 * (settings.connect_timeout_s + settings.response_timeout_s))
        self.counters: Counter[str] = Counter()

    async def carry(self, way: StreamWay, events: Sequence[Pending], seconds_max: float | None = None) -> Outcome:
        """May be cancelled at any point: what is not settled is sent again under the same id.

        Events of one source go in order: where one stays unanswered, none behind it is sent.
        """
        outcome = Outcome()
        wanted = await self._filter(events, outcome)
        parts = [wanted] if wanted else []
        while parts and outcome.failure is None:
            part = parts.pop()
            answers, is_answered = await self._ask(way, part, outcome, seconds_max)
            if answers is None:
                if outcome.failure is None:  # refused as a whole: halved until the culprit stands alone
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                continue
            count = await self._settle(way, part, answers, outcome.settled)
            if count == 0:
                self.counters["attempts_failed"] += 1
                outcome.failure = f"the cloud answered for none of {len(part)} events"
            elif is_answered:
                way.refusals.answered()
                self._on_answer(way, any(answer == DELIVERED for answer in answers.values()))
            if count < len(part):
                break
        return outcome

    async def probe(self, seconds_max: float) -> str | None:
        """Why the far end cannot be reached; None if it can."""
        try:
            is_done = await within(self._clock, seconds_max, self._uplink.probe())
        except CloudTransientError as error:
            return foreign_words(str(error))
        except Exception as error:  # noqa: BLE001 - see _unexpected
            return str(self._unexpected(error))
        return None if is_done else f"{self._uplink.name}: not reached in {seconds_max:g} s"

    async def _ask(
        self, way: StreamWay, part: Sequence[Pending], outcome: Outcome, seconds_max: float | None
    ) -> tuple[Mapping[str, str] | None, bool]:
        """Answers by event id, and whether they are the far end's own; None with a failure, or refused as a whole."""
        started_s = self._clock.monotonic()
        try:
            answers = await self._deliver(way.stream, [pending.event for pending in part], seconds_max)
        except CloudTransientError as error:
            self.counters["attempts_failed"] += 1
            if self._clock.monotonic() - started_s >= self._settings.response_timeout_s / 2:
                way.size.was_too_large(len(part))
            outcome.failure, outcome.retry_after_s = foreign_words(str(error)), error.retry_after_s or 0.0
        except CloudPermanentError as error:
            self.counters["batches_refused"] += 1
            reason = foreign_words(str(error)) or "refused"
            if len(part) > 1:
                way.size.was_too_large(len(part))
            elif way.refusals.is_final(part[0].sequence):
                return {part[0].event.id: reason}, False
            else:
                outcome.failure = f"the cloud refuses one event after the other: {reason}"
        else:
            way.size.answered(len(part), self._clock.monotonic() - started_s)
            return answers, True
        return None, False

    async def _deliver(
        self, stream: str, events: Sequence[OutboxEvent], seconds_max: float | None
    ) -> Mapping[str, str]:
        answers: Mapping[str, str] = {}

        async def deliver() -> None:
            nonlocal answers
            answers = await self._uplink.deliver(stream, events)

        limit_s = seconds_max or self._delivery_s_max
        try:
            is_done = await within(self._clock, limit_s, deliver())
        except (CloudTransientError, CloudPermanentError):
            raise
        except Exception as error:  # see _unexpected
            raise self._unexpected(error) from error
        if not is_done:
            raise CloudTransientError(f"{self._uplink.name}: no answer in {limit_s:g} s")
        return answers

    def _unexpected(self, error: Exception) -> CloudTransientError:
        """The boundary to libraries of many makers: whatever they raise, the store sells on, and it is sent again."""
        self.counters["uplink_errors"] += 1
        _log.error(log_events.UPLINK_FAILED, uplink=self._uplink.name, stack=stack_of(error))
        return CloudTransientError(f"{self._uplink.name}: {type(error).__name__} in the uplink")

    async def _filter(self, events: Sequence[Pending], outcome: Outcome) -> list[Pending]:
        """Those that are for this uplink; the others are done with."""
        wanted = [pending for pending in events if self._uplink.wants(pending.event)]
        if len(wanted) < len(events):
            kept = {pending.sequence for pending in wanted}
            unwanted = [pending.sequence for pending in events if pending.sequence not in kept]
            await self._write(unwanted, {})
            self.counters["filtered"] += len(unwanted)
            outcome.settled.update(unwanted)
        return wanted

    async def _settle(
        self, way: StreamWay, part: Sequence[Pending], answers: Mapping[str, str], settled: set[int]
    ) -> int:
        """How many of the part were settled."""
        fates = [(pending, foreign_words(answers[pending.event.id])) for pending in part if pending.event.id in answers]
        if not fates:
            return 0
        delivered = [pending.sequence for pending, fate in fates if fate == DELIVERED]
        dead = {pending.sequence: fate for pending, fate in fates if fate != DELIVERED}
        await self._write(delivered, dead)
        settled.update(delivered, dead)
        self.counters["delivered"] += len(delivered)
        self.counters["unanswered"] += len(part) - len(fates)
        if delivered:
            _log.debug(log_events.BATCH_DELIVERED, uplink=self._uplink.name, stream=way.stream, events=len(delivered))
        for pending, fate in fates:
            if fate != DELIVERED:
                self._tell_dead_letter(pending.event, fate)
        return len(fates)

    async def _write(self, delivered: Sequence[int], dead: Mapping[int, str]) -> None:
        """Put it on disk, however long the disk takes."""
        backoff = Backoff(
            self._settings.retry_s_min, max(self._settings.retry_s_min, self._settings.retry_s_max), self._random
        )
        while True:
            try:
                await self._feed.settle(delivered, dead)
            except StoreError as error:
                self.counters["settles_failed"] += 1
                self._on_store(f"delivered, but the outbox cannot note it: {error}")
                await self._clock.sleep(backoff.next_delay())
            else:
                self._on_store(None)
                return

    def _tell_dead_letter(self, event: OutboxEvent, reason: str) -> None:
        self.counters["dead_lettered"] += 1
        _log.error(log_events.EVENT_DEAD_LETTERED, uplink=self._uplink.name, event_id=event.id, reason=reason)
        if self._on_dead_letter is not None:
            self._on_dead_letter(event, reason)
