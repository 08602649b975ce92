"""Events for the tests of uplinks to message engines."""

from __future__ import annotations

from edge_gateway.contracts.events import OutboxEvent
from tests.uplinks.far_ends import event_body

STREAM = "transactions"


def events(count: int, *, start: int = 0, sources: int = 7, stream: str = STREAM) -> list[OutboxEvent]:
    """``event-00000`` and so on, of the sources in turn."""
    found = []
    for number in range(start, start + count):
        event_id, source = f"event-{number:05}", f"/stores/S001/devices/d{number % sources}"
        found.append(OutboxEvent(event_id, stream, source, "com.example.t.v1", event_body(event_id, source, number)))
    return found


def large(size: int, source: str = "/stores/S001/devices/d0") -> OutboxEvent:
    return OutboxEvent("large", STREAM, source, "com.example.t.v1", b"x" * size)
