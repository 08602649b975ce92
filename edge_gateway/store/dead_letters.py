"""What a person does with events that an uplink refused for good: sent again, corrected, or discarded; all audited."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from edge_gateway.contracts.errors import RequestError, StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.outbox_changes import CORRECTION_OF, ChangedEvent
from edge_gateway.contracts.store import StreamNames
from edge_gateway.contracts.transaction import read_transaction
from edge_gateway.store import inspection
from edge_gateway.store.inspection import StoredEvent
from edge_gateway.store.outside import OutsideStore
from edge_gateway.store.sealing import DamagedError, LockedError
from edge_gateway.store.sequence import stream_of

FIXED: Final = ("specversion", "source", "type")
"""Attributes that say what an event is and whose: another value would be another event."""

Change = Callable[[dict[str, Any]], Mapping[str, Any]]
"""Changes the body of an event in place; answers the new values by their paths. Raises ValueError."""


def find(
    store: OutsideStore, ids: Sequence[str], *, stream: str | None = None, uplink: str | None = None
) -> list[StoredEvent]:
    """Dead letters by their ids (none: all), oldest first."""
    found = inspection.events(store.connection, "dead", stream=stream, ids=ids)
    return [event for event in found if uplink is None or event.uplink == uplink]


def replay(
    store: OutsideStore, ids: Sequence[str], *, stream: str | None = None, uplink: str | None = None
) -> list[str]:
    """Put them back into their places, under their ids, for the uplinks that refused them. Raises StoreError."""
    with store.transaction():
        found = find(store, ids, stream=stream, uplink=uplink)
        uplink_ids = _uplink_ids(store.connection)
        _check_configured(store.connection, found, uplink_ids)
        for event in found:
            inspection.put_back(store.connection, event.sequence, uplink_ids[str(event.uplink)])
        if found:
            store.tell("replayed", [_outline(event) for event in found])
    return list(dict.fromkeys(event.id for event in found))


def edit(store: OutsideStore, event_id: str, change: Change, *, why: str | None, uplink: str | None = None) -> str:
    """Send a corrected event to the uplinks that refused this one; answers its id. Raises StoreError, ValueError.

    It goes to the end of its stream, under a new id, and names the old one. That is kept, whole, in the audit stream.
    """
    with store.transaction():
        found = find(store, [event_id], uplink=uplink)
        if not found:
            raise StoreError(f"{event_id} is no dead letter: `outbox list` shows those there are")
        uplink_ids = _uplink_ids(store.connection)
        _check_configured(store.connection, found, uplink_ids)
        old = store.opened(found[0])
        new, changes = corrected(old, change, store.new_id)
        refused_by = {uplink_ids[str(event.uplink)] for event in found}
        store.append(new, done=_mask_of_others(store.connection, found[0], refused_by))
        for event in found:
            _remove(store.connection, event, uplink_ids)
        store.tell(
            "edited",
            [_outline(event, json.loads(old.payload)) for event in found],
            why=why,
            new_event_id=new.id,
            changes=dict(changes),
        )
    return new.id


def discard(
    store: OutsideStore, ids: Sequence[str], *, why: str, uplink: str | None = None, stream: str | None = None
) -> list[str]:
    """Give up: the dead letters go, and what they were is kept in the audit stream. Raises StoreError."""
    with store.transaction():
        found = find(store, ids, stream=stream, uplink=uplink)
        uplink_ids = _uplink_ids(store.connection)
        for event in found:
            _remove(store.connection, event, uplink_ids)
            store.tell("discarded", [_outline(event, _body_of(store, event))], why=why)
    return list(dict.fromkeys(event.id for event in found))


def corrected(old: OutboxEvent, change: Change, new_id: Callable[[], str]) -> tuple[OutboxEvent, Mapping[str, Any]]:
    """The event as it was changed, checked as the original was. Raises ValueError, with every disagreement."""
    body = json.loads(old.payload)
    before = json.loads(old.payload)
    changes = change(body)
    if body == before:
        raise ValueError("nothing is changed: give a --set that changes something, or send it as it is with `replay`")
    for name in FIXED:
        if body.get(name) != before.get(name):
            raise ValueError(f"{name} cannot be changed: expected {before.get(name)!r} as before")
    if not isinstance(body.get("data"), dict):
        raise ValueError("data is missing: expected an object")
    for name in ("sequence", "epoch", "device_id"):
        if body["data"].get(name) != before.get("data", {}).get(name):
            raise ValueError(f"data.{name} cannot be changed: it says where the event stands among others")
    if old.stream == StreamNames.TRANSACTIONS and isinstance(before.get("data", {}).get("transaction"), dict):
        _check_transaction(body, before)
    body["id"], body[CORRECTION_OF] = new_id(), old.id
    payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return OutboxEvent(body["id"], old.stream, old.source, old.type, payload), changes


def _check_transaction(body: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    new, old = body["data"].get("transaction"), before["data"]["transaction"]
    try:
        transaction = read_transaction({"transaction": new})
    except RequestError as error:
        raise ValueError(f"the transaction is not valid any more: {error}") from error
    if transaction.transaction_id != old.get("transaction_id"):
        raise ValueError("data.transaction.transaction_id cannot be changed: the till knows the sale by it")


def _check_configured(connection: sqlite3.Connection, events: Sequence[StoredEvent], ids: Mapping[str, int]) -> None:
    rows = connection.execute("SELECT uplink_id, stream_id FROM uplink_stream WHERE is_configured").fetchall()
    configured = set(rows)
    for event in events:
        if (ids.get(str(event.uplink)), stream_of(event.sequence)) not in configured:
            raise StoreError(
                f"event {event.id} was refused by uplink '{event.uplink}', which is not configured for its stream any "
                "more: configure it again, or export and discard the event"
            )


def _mask_of_others(connection: sqlite3.Connection, event: StoredEvent, refused_by: set[int]) -> int:
    rows = connection.execute(
        "SELECT uplink_id FROM uplink_stream WHERE stream_id = ?", (stream_of(event.sequence),)
    ).fetchall()
    return sum(1 << (uplink_id - 1) for (uplink_id,) in rows if uplink_id not in refused_by)


def _remove(connection: sqlite3.Connection, event: StoredEvent, uplink_ids: Mapping[str, int]) -> None:
    connection.execute(
        "DELETE FROM dead_letter WHERE sequence = ? AND uplink_id = ?", (event.sequence, uplink_ids[str(event.uplink)])
    )
    connection.execute("UPDATE stream SET dead = dead - 1 WHERE stream_id = ?", (stream_of(event.sequence),))


def _body_of(store: OutsideStore, event: StoredEvent) -> dict[str, Any] | None:
    try:
        body = json.loads(store.opened(event).payload)
    except (LockedError, DamagedError, ValueError):
        return None
    return body if isinstance(body, dict) else None


def _outline(event: StoredEvent, body: dict[str, Any] | None = None) -> ChangedEvent:
    return ChangedEvent(id=event.id, stream=event.stream, uplink=event.uplink, reason=event.reason, event=body)


def _uplink_ids(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT name, uplink_id FROM uplink").fetchall())
