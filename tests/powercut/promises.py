"""What the process under test was promised by the store, told in notes between the records of the trace."""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.store import StreamNames
from tests.support.stores import event

PAYLOAD_BYTES: Final = (0, 40, 80, 120, 200, 300, 500, 900, 100, 5000)
"""By the number of an event: from several rows to a page, to rows that need pages of their own."""


UPLINKS: Final = {"https": tuple(StreamNames), "mqtt": tuple(StreamNames)}


PRINTER: Final = "printer-1"
NEWEST_KEYS: Final = 10
OLD_KEYS_EACH: Final = 25
"""Of those accepted before, one in so many."""


class Note(Protocol):
    """Says what happened just now."""

    def __call__(self, what: str, which: str, value: Any = None) -> None: ...


def noted_in_trace() -> Note:
    """Only in a process that volatile_disk.c was loaded into."""
    library = ctypes.CDLL(None)

    def note(what: str, which: str, value: Any = None) -> None:
        text = json.dumps([what, which, value]).encode()
        library.volatile_disk_note(text, ctypes.c_size_t(len(text)))

    return note


def event_of(event_id: str) -> OutboxEvent:
    """Its content follows from its id: ``RUN-LANE-NUMBER``."""
    lane, number = event_id.split("-")[-2:]
    return event(event_id, padding=PAYLOAD_BYTES[int(number) % len(PAYLOAD_BYTES)], source=f"lane-{lane}/T{lane}")


def key_of(event_id: str) -> str:
    return f"key-{event_id}"


@dataclass
class Fate:
    """Of an accepted event, by uplink: who began to settle it, and who is finished with it."""

    begun: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)


@dataclass
class Promises:
    """At one point of the trace."""

    kept: dict[str, Fate] = field(default_factory=dict)
    """Accepted, and not finished with by all uplinks."""
    gone: set[str] = field(default_factory=set)
    """All uplinks are finished with it, durably: it must not come back."""
    dead: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in UPLINKS})
    claimed: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    keyed: list[str] = field(default_factory=list)
    """Their keys are looked up: those accepted last, and some of long before."""
    jobs: dict[str, str] = field(default_factory=dict)
    """Print jobs: how far each is, durably: accepted, begun (its first byte may be sent now), ended."""
    epoch: int = 0
    accepted: int = 0
    version: int = 0
    """Rises with each note."""

    def must_be_pending(self) -> set[str]:
        """For one uplink at least it was not even begun to be settled."""
        return {event_id for event_id, fate in self.kept.items() if len(fate.begun) < len(UPLINKS)}

    def owed(self, uplink: str) -> set[str]:
        """What this uplink must be given again."""
        return {event_id for event_id, fate in self.kept.items() if uplink not in fate.begun}

    def settled(self, uplink: str) -> set[str]:
        """What it must not be given again, of what is pending for another."""
        return {event_id for event_id, fate in self.kept.items() if uplink in fate.finished}

    def take(self, payload: bytes) -> None:
        """A note."""
        what, which, value = json.loads(payload)
        self.version += 1
        if what == "accepted":
            if which not in self.gone:
                self.kept.setdefault(which, Fate())
            self.accepted += 1
            self._look_up(which)
        elif what == "settling":
            # An uplink may be quicker than the till is to hear that it was accepted.
            self.kept.setdefault(which, Fate()).begun.add(value)
        elif what in ("settled", "buried"):
            self._finish(which, value, is_dead=what == "buried")
        elif what == "claimed":
            self.claimed.add(which)
        elif what == "finished":
            self.finished.add(which)
        elif what.startswith("job "):
            self.jobs[which] = what.removeprefix("job ")
        elif what == "epoch":
            self.epoch = int(value)
        else:
            raise AssertionError(f"unknown note {what}")

    def _look_up(self, event_id: str) -> None:
        if len(self.keyed) > NEWEST_KEYS and self.accepted % OLD_KEYS_EACH:
            del self.keyed[-NEWEST_KEYS]
        self.keyed.append(event_id)

    def _finish(self, event_id: str, uplink: str, *, is_dead: bool) -> None:
        if is_dead:
            self.dead[uplink].add(event_id)
        self.kept[event_id].finished.add(uplink)
        if len(self.kept[event_id].finished) == len(UPLINKS):
            del self.kept[event_id]
            self.gone.add(event_id)
