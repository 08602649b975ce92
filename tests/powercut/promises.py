"""What the process under test was promised by the store, told in notes between the records of the trace."""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from edge_gateway.contracts.events import OutboxEvent
from tests.support.stores import event

PAYLOAD_BYTES: Final = (0, 40, 200, 300, 500, 700, 900, 2500, 200, 6000)
"""By the number of an event: from several rows to a page, to rows that need pages of their own."""


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
class Promises:
    """At one point of the trace. ``kept``: must be pending. ``leaving``: may be pending. ``gone``: must not be."""

    kept: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    newest: list[str] = field(default_factory=list)
    """Accepted last, in order: their keys are looked up."""
    epoch: int = 0
    accepted: int = 0
    version: int = 0
    """Rises with each note."""

    def take(self, payload: bytes) -> None:
        """A note."""
        what, which, value = json.loads(payload)
        self.version += 1
        if what == "accepted":
            self.kept.add(which)
            self.accepted += 1
            self.newest = [*self.newest[-9:], which]
        elif what == "settling":
            self.kept.discard(which)
            self.leaving.add(which)
        elif what == "settled":
            self.leaving.discard(which)
            self.gone.add(which)
        elif what == "buried":
            self.leaving.discard(which)
            self.gone.add(which)
            self.dead.add(which)
        elif what == "claimed":
            self.claimed.add(which)
        elif what == "finished":
            self.finished.add(which)
        elif what == "epoch":
            self.epoch = int(value)
        else:
            raise AssertionError(f"unknown note {what}")
