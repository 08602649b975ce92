"""The cloud's book: which events came, how often, and what they did. Each event id has its effect once, for good."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from simulators.cloud.event_reading import content_digest, event_facts, text_of, validation_problem
from simulators.cloud.models import EventResult, EventStatus

REFUSED_ON_DEMAND = "refused on demand"


@dataclass(slots=True)
class Entry:
    """What is known of one event id. ``received`` to ``rejected`` count; the rest is set when it is applied."""

    id: str
    received: int = 0
    applied: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    endpoint: str | None = None
    digest: str | None = None
    type: str | None = None
    source: str | None = None
    place: list[int] | None = None
    """Boot epoch and sequence: where the event stands among those of its source."""
    transaction_id: str | None = None
    transaction_digest: str | None = None
    """Of the transaction object alone: the till that sold it can compute it too."""
    transaction_type: str | None = None
    amount: str | None = None
    currency: str | None = None
    sold: dict[str, str] = field(default_factory=dict)
    command: dict[str, Any] | None = None
    """What became of a command, as its event tells."""


class Ledger:
    """Applies events once. ``path``: a journal (JSON lines) that lets the ledger survive a restart of the process."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        self.counters: Counter[str] = Counter()
        self.first_received_by_source: dict[str, list[str]] = {}
        self.applied_by_source: dict[str, list[str]] = {}
        """In the order in which they took effect."""
        self.event_ids_by_transaction: dict[str, list[str]] = {}
        """Of what was applied: more than one event id is a sale booked twice."""
        self.sold: dict[str, Decimal] = {}
        """SKU to the quantity sold: the effect that an event applied twice would show in."""
        self._newest_place: dict[tuple[str, str], list[int]] = {}
        """By source and endpoint, of what was applied."""
        self.refused_ids: set[str] = set()
        """Rejected on demand, until they are taken out again."""
        self._journal: io.TextIOWrapper | None = None

    def open(self) -> None:
        """Read the journal and go on writing it. A torn last line (a killed process) is dropped. Idempotent."""
        if self.path is None or self._journal is not None:
            return
        text = self.path.read_text() if self.path.exists() else ""
        whole_lines = text[: text.rfind("\n") + 1]
        if not self.entries:
            for line in whole_lines.splitlines():
                self._book(**json.loads(line))
        self._journal = self.path.open("w")
        self._journal.write(whole_lines)
        self._journal.flush()

    def close(self) -> None:
        """Close the journal; ``open`` goes on with it."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def receive(self, event: Any) -> None:
        """An event arrived in a request that was read, whatever becomes of it."""
        if (event_id := text_of(event, "id")) is None:
            self.counters["received_without_id"] += 1
        else:
            self._record("received", event_id, {"source": text_of(event, "source")})

    def take(self, event: Any, endpoint: str) -> EventResult:
        """Validate, and apply if it is new."""
        event_id, problem = text_of(event, "id"), validation_problem(event)
        if event_id is None:
            self.counters["rejected_without_id"] += 1
            return EventResult(id=None, status=EventStatus.REJECTED, error=problem)
        if event_id in self.refused_ids:
            problem = REFUSED_ON_DEMAND
        if problem is not None:
            self._record("rejected", event_id)
            return EventResult(id=event_id, status=EventStatus.REJECTED, error=problem)
        entry = self.entries.get(event_id)
        if entry is None or entry.digest is None:
            self._record("applied", event_id, {"endpoint": endpoint, **event_facts(event)})
            return EventResult(id=event_id, status=EventStatus.ACCEPTED)
        if entry.digest != content_digest(event):
            self._record("conflicts", event_id)
            problem = "conflict: this id was accepted before with other content; changed content needs a new id"
            return EventResult(id=event_id, status=EventStatus.REJECTED, error=problem)
        self._record("duplicates", event_id)
        return EventResult(id=event_id, status=EventStatus.DUPLICATE)

    def reject(self, event: Any) -> EventResult:
        """On demand, whatever is in it."""
        if (event_id := text_of(event, "id")) is not None:
            self._record("rejected", event_id)
        return EventResult(id=event_id, status=EventStatus.REJECTED, error=REFUSED_ON_DEMAND)

    def command_outcomes(self) -> list[dict[str, Any]]:
        """How commands went, in the order in which the cloud was told."""
        return [entry.command for entry in self.entries.values() if entry.command is not None]

    def to_json(self) -> list[dict[str, Any]]:
        """Every event, in the order in which its id was first seen."""
        return [asdict(entry) for entry in self.entries.values()]

    def summary(self) -> dict[str, Any]:
        """Totals. ``applied_twice`` and ``transactions_applied_twice`` must be 0.

        ``out_of_order`` must be 0 too: how often an event was applied after a later one of its source, by boot epoch
        and sequence. Counted by endpoint, since each stream has an order of its own.
        ``received_out_of_order`` looks at ids and first receipts: it also counts what was not applied then.
        """
        entries = self.entries.values()
        return {
            "events_received": sum(entry.received for entry in entries) + self.counters["received_without_id"],
            "events_applied": sum(entry.applied > 0 for entry in entries),
            "applied_twice": sum(entry.applied > 1 for entry in entries),
            "duplicates": sum(entry.duplicates for entry in entries),
            "conflicts": sum(entry.conflicts for entry in entries),
            "rejected": sum(entry.rejected for entry in entries) + self.counters["rejected_without_id"],
            "transactions_applied": len(self.event_ids_by_transaction),
            "transactions_applied_twice": sum(len(ids) > 1 for ids in self.event_ids_by_transaction.values()),
            "out_of_order": self.counters["out_of_order"],
            "received_out_of_order": sum(_descents(ids) for ids in self.first_received_by_source.values()),
            "by_type": dict(Counter(entry.type for entry in entries if entry.applied)),
            "by_endpoint": dict(Counter(entry.endpoint for entry in entries if entry.applied)),
        }

    def _record(self, what: str, event_id: str, facts: Mapping[str, Any] | None = None) -> None:
        self._book(what, event_id, facts or {})
        if self._journal is not None:
            self._journal.write(json.dumps({"what": what, "event_id": event_id, "facts": facts or {}}) + "\n")
            self._journal.flush()

    def _book(self, what: str, event_id: str, facts: Mapping[str, Any]) -> None:
        entry = self.entries.setdefault(event_id, Entry(event_id))
        setattr(entry, what, getattr(entry, what) + 1)
        if what == "received" and entry.received == 1 and facts.get("source"):
            self.first_received_by_source.setdefault(facts["source"], []).append(event_id)
        if what != "applied":
            return
        for name, value in facts.items():
            setattr(entry, name, value)
        self._note_place(entry)
        if entry.source is not None:
            self.applied_by_source.setdefault(entry.source, []).append(event_id)
        if entry.transaction_id is not None:
            self.event_ids_by_transaction.setdefault(entry.transaction_id, []).append(event_id)
        for sku, quantity in entry.sold.items():
            self.sold[sku] = self.sold.get(sku, Decimal(0)) + Decimal(quantity)

    def _note_place(self, entry: Entry) -> None:
        if entry.place is None or entry.source is None or entry.endpoint is None or entry.rejected:
            return  # what was rejected and is sent again later, by a person's decision, has lost its place
        newest = self._newest_place.setdefault((entry.source, entry.endpoint), entry.place)
        if entry.place < newest:
            self.counters["out_of_order"] += 1
        else:
            self._newest_place[entry.source, entry.endpoint] = entry.place


def _descents(event_ids: list[str]) -> int:
    # Ids of the gateway are UUIDv7: they rise in the order in which a source made its events.
    return sum(later < earlier for earlier, later in pairwise(event_ids))
