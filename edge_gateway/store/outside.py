"""A store opened by the command line, beside the daemon or without it: its keys, and changes with their audit event.

Safe beside a running daemon: SQLite lets one process write at a time, the daemon waits its turn and notices within
seconds. Every change and its audit event are one transaction.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from edge_gateway.contracts.clock import Clock, EventIds, SystemClock
from edge_gateway.contracts.cloudevents import cloud_event, gateway_source
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.outbox_changes import EVENT_TYPE, ChangedEvent, OutboxChangedData
from edge_gateway.contracts.store import StreamNames
from edge_gateway.settings import OutboxSettings
from edge_gateway.store import inspection
from edge_gateway.store.epoch import EPOCH
from edge_gateway.store.inspection import StoredEvent
from edge_gateway.store.key_ring import KeyRing, Silence
from edge_gateway.store.sealing import Sealer
from edge_gateway.store.streams import read_streams

_INSERT: Final = """
    INSERT INTO pending (sequence, id, source, type, appended_at_ms, payload, key_id, checksum, done)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class OutsideStore:
    """Made by ``opened``. What changes something is called inside ``transaction``."""

    def __init__(
        self, connection: sqlite3.Connection, settings: OutboxSettings, sealer: Sealer, store_id: str, clock: Clock
    ) -> None:
        self.connection = connection
        self.settings = settings
        self.sealer = sealer
        self._store_id = store_id
        self._clock = clock
        self.new_id = EventIds(clock)

    @property
    def now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def opened(self, event: StoredEvent) -> OutboxEvent:
        """As it was appended. Raises LockedError (the key is not here), DamagedError."""
        stored = OutboxEvent(event.id, event.stream, event.source, event.type, event.payload)
        return self.sealer.unseal(event.sequence, stored, event.key_id, event.checksum)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Raises StoreError where a change would be stored in clear beside what is sealed."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self._check_keys()
            self.sealer.begin(self.connection)
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def append(self, event: OutboxEvent, *, done: int = 0) -> None:
        """At the end of its stream. ``done``: the mask of uplinks that have nothing to do with it."""
        state = read_streams(self.connection)[event.stream]
        sequence = state.last_sequence + 1
        key_id, stored, checksum = self.sealer.seal(sequence, event)
        row = (sequence, event.id, event.source, event.type, self.now_ms, stored, key_id, checksum, done)
        self.connection.execute(_INSERT, row)
        self.connection.execute(
            "UPDATE uplink_stream SET done_kept = done_kept + 1 WHERE stream_id = ? AND (? >> (uplink_id - 1)) & 1",
            (state.stream_id, done),
        )

    def tell(
        self,
        action: str,
        events: Sequence[ChangedEvent] = (),
        *,
        why: str | None = None,
        new_event_id: str | None = None,
        changes: dict[str, object] | None = None,
    ) -> None:
        """Append the audit event of a change."""
        row = self.connection.execute("SELECT value FROM gateway WHERE name = ?", (EPOCH,)).fetchone()
        data = OutboxChangedData.model_validate(
            {
                "action": action,
                "user": user_name(),
                "why": why,
                "new_event_id": new_event_id,
                "changes": changes or {},
                "events": list(events),
                "epoch": None if row is None else row[0],
            }
        )
        event_id, source = self.new_id(), gateway_source(self._store_id)
        payload = cloud_event(
            event_id=event_id,
            source=source,
            event_type=EVENT_TYPE,
            time=self._clock.now(),
            data=data.model_dump(mode="json"),
        )
        self.append(OutboxEvent(event_id, StreamNames.AUDIT, source, EVENT_TYPE, payload))

    def _check_keys(self) -> None:
        if not self.sealer.ring.keys and self.connection.execute("SELECT 1 FROM encryption_key").fetchone():
            raise StoreError(
                "the store is encrypted, and no [outbox.encryption] was given: name the configuration of the gateway "
                "with --config, so that nothing is stored in clear"
            )


@contextlib.contextmanager
def opened(
    settings: OutboxSettings, store_id: str, *, is_writing: bool = False, needs_keys: bool = True
) -> Iterator[OutsideStore]:
    """Raises StoreError. ``needs_keys`` False: for what looks at no content, by whoever may not read the keys."""
    clock = SystemClock()
    sealer = Sealer(KeyRing(settings.encryption, log=Silence()), clock)
    with inspection.opened(settings.directory, is_writing=is_writing) as connection:
        if needs_keys:
            sealer.ring.load()
            sealer.look(connection)
        yield OutsideStore(connection, settings, sealer, store_id, clock)


def user_name() -> str:
    """Who is at the keyboard: with sudo, who called it."""
    name = os.environ.get("SUDO_USER")
    if name:
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
