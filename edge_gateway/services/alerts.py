"""What a person should look at (``alert/{severity}`` on the bus): dead letters; a store that fills, or is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from edge_gateway.contracts.card_data import mask_long_digits
from edge_gateway.contracts.clock import Clock, EventIds
from edge_gateway.contracts.cloudevents import cloud_event, event_type, gateway_source
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import StreamNames

STORE_FULL_INTERVAL_S: Final = 60.0
"""A disk that is full, has a little room, and is full again, alarms once a minute."""
REASON_CHARACTERS_MAX: Final = 500
"""Of the cloud's words."""

FINDING_INTERVAL_S: Final = 3600.0
"""What comes and goes (a device that is swapped to and fro) alarms once an hour."""

CRITICAL_FILL_PERCENT: Final = 95
"""From here on sales are about to be refused."""

Severity = Literal["warning", "critical"]
PublishAlert = Callable[[Severity, bytes], None]


@dataclass(frozen=True, slots=True)
class StoreLoss:
    """What was lost with a store that was set aside as ``kept_as``, and that no person has acknowledged."""

    kept_as: str
    text: str
    lost: Mapping[str, int]
    is_exact: bool
    transaction_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreLook:
    """How the store is at one look. ``fill_level``: 0, 70, 85 or 95; ``locked``: events that no key opens."""

    is_full: bool = False
    fill_percent: float = 0.0
    fill_level: int = 0
    set_aside_as: Path | None = None
    locked: int = 0
    locked_reason: str = ""
    losses: tuple[StoreLoss, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands until it is put right. ``about``: what it is of, told apart from others of its name."""

    severity: Severity
    name: str
    about: str
    data: Mapping[str, Any]


class Alerts:
    """Told of dead letters as they come, and by ``look``, every few seconds, how the store is; ``look`` publishes.

    However many dead letters come between two looks, each stream makes one alert of them.
    """

    def __init__(self, store_id: str, publish: PublishAlert, ids: EventIds, clock: Clock) -> None:
        self._store_id = store_id
        self._publish = publish
        self._ids = ids
        self._clock = clock
        self._dead_letters: dict[str, tuple[int, OutboxEvent, str]] = {}
        self._is_full_told = False
        self._full_told_s = float("-inf")
        self._set_aside_told: Path | None = None
        self._fill_level_told = 0
        self._is_locked_told = False
        self._losses_told: set[str] = set()
        self._findings_told: dict[tuple[str, str], float] = {}

    def dead_letter(self, event: OutboxEvent, reason: str) -> None:
        """The cloud will never take it."""
        count, first, first_reason = self._dead_letters.get(event.stream, (0, event, reason))
        self._dead_letters[event.stream] = (count + 1, first, first_reason)

    def look(self, store: StoreLook) -> None:
        for stream, (count, event, reason) in self._dead_letters.items():
            self._tell_dead_letters(stream, count, event, reason)
        self._dead_letters.clear()
        self._look_at_room(store.is_full)
        self._look_at_fill(store)
        self._look_at_locked(store)
        for loss in store.losses:
            self._look_at_loss(loss)
        if store.set_aside_as is not None and store.set_aside_as != self._set_aside_told:
            self._set_aside_told = store.set_aside_as
            text = (
                f"the store was damaged and set aside as {store.set_aside_as}, and a new one was begun; what is whole "
                "is taken over into it, and what is lost is told; see that the disk is replaced"
            )
            self._tell("critical", "store_set_aside", {"text": text, "kept_as": str(store.set_aside_as)})

    def look_at(self, findings: Iterable[Finding]) -> None:
        """Each is told once, and again when it was put right and came back, at most once an hour."""
        now_s = self._clock.monotonic()
        for finding in findings:
            key = (finding.name, finding.about)
            if key not in self._findings_told:
                self._tell(finding.severity, finding.name, finding.data)
            self._findings_told[key] = now_s
        for key, seen_s in list(self._findings_told.items()):
            if now_s - seen_s >= FINDING_INTERVAL_S:
                del self._findings_told[key]

    def tell(self, finding: Finding) -> None:
        """At once: something happened. Whoever tells it keeps it from being told too often."""
        self._tell(finding.severity, finding.name, finding.data)

    def _look_at_fill(self, store: StoreLook) -> None:
        """Once for each level that is reached on the way up."""
        if store.fill_level > self._fill_level_told:
            text = (
                f"the store is {store.fill_percent:.0f} % full: see that the cloud can be reached and that the disk "
                "has room; at 100 % sales are refused"
            )
            data = {"text": text, "level_percent": store.fill_level, "fill_percent": round(store.fill_percent, 1)}
            self._tell("critical" if store.fill_level >= CRITICAL_FILL_PERCENT else "warning", "store_filling", data)
        self._fill_level_told = store.fill_level

    def _look_at_locked(self, store: StoreLook) -> None:
        if store.locked and not self._is_locked_told:
            text = f"{store.locked} events of the store are locked, and kept: {store.locked_reason}"
            self._tell("critical", "events_locked", {"text": text, "count": store.locked})
        self._is_locked_told = store.locked > 0

    def _look_at_loss(self, loss: StoreLoss) -> None:
        """Once in each run of the gateway, until a person acknowledges it."""
        if loss.kept_as in self._losses_told:
            return
        self._losses_told.add(loss.kept_as)
        text = f"{loss.text}; have the lost sales submitted again, then: edge-gateway outbox acknowledge-loss"
        data = {
            "text": text,
            "kept_as": loss.kept_as,
            "lost": dict(loss.lost),
            "is_exact": loss.is_exact,
            "transaction_ids": list(loss.transaction_ids),
        }
        self._tell("critical", "events_lost", data)

    def _look_at_room(self, is_full: bool) -> None:
        now_s = self._clock.monotonic()
        if not is_full:
            self._is_full_told = False
        elif not self._is_full_told and now_s - self._full_told_s >= STORE_FULL_INTERVAL_S:
            self._is_full_told, self._full_told_s = True, now_s
            text = "the store is full: sales are refused; make room on the disk, or see why the cloud takes nothing"
            self._tell("critical", "store_full", {"text": text})

    def _tell_dead_letters(self, stream: str, count: int, event: OutboxEvent, reason: str) -> None:
        words = mask_long_digits(reason)[:REASON_CHARACTERS_MAX]
        what = f"event {event.id}" if count == 1 else f"{count} events, the first of them {event.id},"
        data = {
            "text": f"the cloud refused {what} of {stream} for good: {words}; see edge-gateway outbox list",
            "stream": stream,
            "count": count,
            "event_id": event.id,
            "event_type": event.type,
            "reason": words,
        }
        self._tell("critical" if stream == StreamNames.TRANSACTIONS else "warning", "event_dead_lettered", data)

    def _tell(self, severity: Severity, name: str, data: Mapping[str, Any]) -> None:
        event = cloud_event(
            event_id=self._ids(),
            source=gateway_source(self._store_id),
            event_type=event_type("alert", name),
            time=self._clock.now(),
            data=data,
        )
        self._publish(severity, event)
