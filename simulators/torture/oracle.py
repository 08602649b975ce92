"""What was promised against what the cloud has: every answer ``accepted`` is an obligation.

An obligation is met when its event took effect in the cloud once, with the content that was submitted, after what its
source promised before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from simulators.cloud.ledger import Entry, Ledger


@dataclass(slots=True)
class Obligation:
    """``key``: a transaction's id, or a device event's; ``number``: its place among the promises to its source.

    ``event_ids``: as answered, each with ``accepted``; more than one only where damage had the first one forgotten.
    """

    key: str
    source: str
    digest: str
    number: int
    event_ids: list[str]
    is_transaction: bool


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken promise. ``kind``: a figure of the report that must be 0, but ``doubled_by_damage``: a sale that the
    cloud had, whose id was destroyed, so that its till's repeat was taken for a new one."""

    kind: str
    key: str
    words: str


@dataclass(slots=True)
class Verdict:
    """``breaches`` hold for good, but ``lost``: what is missing now may still be on its way."""

    accepted: int = 0
    delivered: int = 0
    received_again: int = 0
    missing: list[Obligation] = field(default_factory=list)
    destroyed: list[Obligation] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(breach.kind == kind for breach in self.breaches)


class Oracle:
    """Notes promises while they are made; ``judge`` looks at the whole ledger and may be asked at any time."""

    def __init__(self, ledger: Ledger) -> None:
        self.obligations: dict[str, Obligation] = {}
        self._ledger = ledger
        self._numbers: dict[str, int] = {}
        self._at_risk: set[str] = set()
        self._known_at_damage: list[set[str]] = []
        self._other_id: list[Breach] = []

    def sale_accepted(self, source: str, transaction_id: str, event_id: str, digest: str) -> None:
        """A till was answered ``accepted``. Said again for a repeat, it must be the same event."""
        self._oblige(transaction_id, source, event_id, digest, is_transaction=True)

    def event_kept(self, source: str, event_id: str, digest: str) -> None:
        """A device event was on disk, by the gateway's own word."""
        self._oblige(event_id, source, event_id, digest, is_transaction=False)

    def put_at_risk(self, event_ids: set[str]) -> None:
        """The only copies of these events are on pages that are about to be damaged; and so is what is remembered of
        events that the cloud has already."""
        self._at_risk |= event_ids
        self._known_at_damage.append(event_ids | set(self._ledger.entries))

    def judge(self) -> Verdict:
        """Everything promised so far."""
        verdict = Verdict(accepted=len(self.obligations))
        verdict.received_again = sum(entry.received > 1 for entry in self._ledger.entries.values())
        for obligation in self.obligations.values():
            booked = self._booked(obligation)
            if booked:
                verdict.delivered += 1
                verdict.breaches += _differences(obligation, booked)
            elif self._at_risk.issuperset(obligation.event_ids):
                verdict.destroyed.append(obligation)
            else:
                verdict.missing.append(obligation)
        verdict.breaches += self._other_id
        verdict.breaches += self._applied_twice()
        verdict.breaches += self._out_of_order()
        return verdict

    def _oblige(self, key: str, source: str, event_id: str, digest: str, *, is_transaction: bool) -> None:
        known = self.obligations.get(key)
        if known is None:
            number = self._numbers[source] = self._numbers.get(source, 0) + 1
            self.obligations[key] = Obligation(key, source, digest, number, [event_id], is_transaction)
        elif event_id not in known.event_ids:
            if not any(self._is_forgotten(earlier, event_id) for earlier in known.event_ids):
                words = f"{key}: accepted as event {known.event_ids[-1]}, and its repeat as {event_id}"
                self._other_id.append(Breach("answered_otherwise", key, words))
            known.event_ids.append(event_id)

    def _booked(self, obligation: Obligation) -> list[Entry]:
        entries = (self._ledger.entries.get(event_id) for event_id in obligation.event_ids)
        return [entry for entry in entries if entry is not None and entry.applied]

    def _applied_twice(self) -> Iterator[Breach]:
        for entry in self._ledger.entries.values():
            if entry.applied > 1:
                yield Breach("applied_twice", entry.id, f"event {entry.id} took effect {entry.applied} times")
        for transaction_id, event_ids in self._ledger.event_ids_by_transaction.items():
            if len(event_ids) > 1:
                words = f"{transaction_id} took effect as {' and as '.join(event_ids)}"
                is_forgotten = all(self._is_forgotten(*pair) for pair in pairwise(event_ids))
                yield Breach("doubled_by_damage" if is_forgotten else "applied_twice", transaction_id, words)

    def _is_forgotten(self, event_id: str, later_id: str) -> bool:
        """Whether damage between the two may have destroyed what made the second a repeat of the first."""
        return any(event_id in known and later_id not in known for known in self._known_at_damage)

    def _out_of_order(self) -> Iterator[Breach]:
        """By the place the gateway gave (boot epoch, sequence), and by the order in which it was promised."""
        numbers = {
            event_id: obligation.number
            for obligation in self.obligations.values()
            for event_id in obligation.event_ids[-1:]
        }
        for source, event_ids in self._ledger.applied_by_source.items():
            last_place: list[int] | None = None
            last_number, last_id = 0, ""
            for event_id in event_ids:
                place, number = self._ledger.entries[event_id].place, numbers.get(event_id)
                if place is not None and last_place is not None and place <= last_place:
                    words = f"{source}: event {event_id} at {place} took effect after {last_place}"
                    yield Breach("out_of_order", event_id, words)
                elif number is not None and number < last_number:
                    words = f"{source}: event {event_id}, promise {number}, took effect after {last_id}, {last_number}"
                    yield Breach("out_of_order", event_id, words)
                last_place = max(place or [], last_place or []) or None
                if number is not None and number > last_number:
                    last_number, last_id = number, event_id


def _differences(obligation: Obligation, booked: list[Entry]) -> Iterator[Breach]:
    for entry in booked:
        digest = entry.transaction_digest if obligation.is_transaction else entry.digest
        if digest != obligation.digest or (obligation.is_transaction and entry.transaction_id != obligation.key):
            words = f"{obligation.key}: the cloud has it as event {entry.id} with other content"
            yield Breach("content_mismatch", obligation.key, words)
        if entry.source != obligation.source:
            words = f"{obligation.key}: promised to {obligation.source}, the cloud has it from {entry.source}"
            yield Breach("content_mismatch", obligation.key, words)
