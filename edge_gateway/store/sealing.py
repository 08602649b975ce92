"""Packs and seals payloads before they are stored, and opens them again: AES-256-GCM, a checksum over the whole row.

The event's id is the associated data: a payload cannot be moved under another id. The nonce is random; with 96 bits one
key is good for 2^32 events (NIST SP 800-38D, 8.3), which a store reaches in a decade: put a new key first by then.

Measured once, for sales as they are stored and up to 8 KB: sealing costs less than a tenth of what the INSERT of the
row costs, the checksum as much again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from typing import Final
from zlib import crc32

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import StoreError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.store.key_ring import Key, KeyRing, fingerprints
from edge_gateway.store.packing import Packer

IN_CLEAR: Final = 0
"""The ``key_id`` of a payload that is not sealed."""

_KEY_ID: Final = "SELECT key_id FROM encryption_key WHERE fingerprint = ?"
_NEW_KEY_ID: Final = "INSERT INTO encryption_key (fingerprint, first_used_ms) VALUES (?, ?) RETURNING key_id"

LOST_KEY: Final = "lost:"
"""Begins what stands for the fingerprint of a key whose row was lost with a damaged store."""

NONCE_BYTES: Final = 12
NONCES_AT_ONCE: Final = 64
"""Drawn with one system call; each is used once."""
TAG_BYTES: Final = 16
SEALED_BYTES_MORE: Final = NONCE_BYTES + TAG_BYTES


class LockedError(StoreError):
    """The key of a row is not among those we have. The row stays where it is until the key is back."""


class DamagedError(StoreError):
    """A row is not what was written: its checksum or its tag is wrong. What it held is gone."""


Sealed = tuple[int, bytes, int]
"""What is stored of a payload: key id, the bytes, the checksum. (A plain tuple: made for every event.)"""


class Sealer:
    """Used in the SQLite thread, but for ``generation``. Key ids are the store's own; fingerprints tell which is it."""

    def __init__(self, ring: KeyRing, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._ring = ring
        self._clock = clock
        self._random_bytes = random_bytes
        self._fingerprints: dict[int, str] = {}
        self._keys: dict[int, Key] = {}
        self._sealing: tuple[int, Key] | None = None
        self._nonces: list[bytes] = []
        self._packer = Packer()
        self._is_stale = True
        self.generation = 0
        """Changes when rows that were locked may be readable now."""

    @property
    def ring(self) -> KeyRing:
        return self._ring

    def begin(self, connection: sqlite3.Connection) -> None:
        """Called first in a transaction that seals: the key that seals has its id, also after one was rolled back."""
        if not self._ring.keys:
            self._sealing = None
            return
        first = self._ring.keys[0]
        row = connection.execute(_KEY_ID, (first.fingerprint,)).fetchone()
        if row is None:
            now_ms = int(self._clock.now().timestamp() * 1000)
            row = connection.execute(_NEW_KEY_ID, (first.fingerprint, now_ms)).fetchone()
        self._sealing = (row[0], first)
        self._fingerprints[row[0]], self._keys[row[0]] = first.fingerprint, first

    def look(self, connection: sqlite3.Connection) -> None:
        """Called every few seconds, outside any transaction: learn which keys came or went."""
        if self._ring.look() or self._is_stale:
            before = self._keys.keys()
            self._learn(connection)
            if self._keys.keys() - before:
                self.generation += 1

    def forget(self) -> None:
        """The store behind it is another one now."""
        self._fingerprints, self._keys, self._sealing, self._is_stale = {}, {}, None, True

    def seal(self, sequence: int, event: OutboxEvent) -> Sealed:
        """As it is stored under this sequence."""
        if self._sealing is None:
            stored = self._packer.pack(event.payload)
            return IN_CLEAR, stored, row_checksum(sequence, event, IN_CLEAR, stored)
        key_id, key = self._sealing
        if not self._nonces:
            fresh = self._random_bytes(NONCE_BYTES * NONCES_AT_ONCE)
            self._nonces = [fresh[at : at + NONCE_BYTES] for at in range(0, len(fresh), NONCE_BYTES)]
        nonce = self._nonces.pop()
        stored = nonce + key.cipher.encrypt(nonce, self._packer.pack(event.payload), event.id.encode())
        return key_id, stored, row_checksum(sequence, event, key_id, stored)

    def unseal(self, sequence: int, event: OutboxEvent, key_id: int, checksum: int | None) -> OutboxEvent:
        """The event with its payload as it was appended; given with the payload as stored.

        Raises DamagedError (say so, and bury it), LockedError (leave it where it is). ``checksum`` None: an older row.
        """
        if checksum is not None and checksum != row_checksum(sequence, event, key_id, event.payload):
            raise DamagedError(f"event {event.id}: its checksum is wrong: damaged on disk")
        if key_id == IN_CLEAR:
            return self._unpacked(event, event.payload)
        key = self._keys.get(key_id)
        if key is not None:
            return self._unpacked(event, _opened(key, event))
        if key_id not in self._fingerprints:
            # Another process began a key; or its row was lost, and one of ours may be it.
            self._is_stale = True
            if (packed := self._opened_by_any(event)) is not None:
                return self._unpacked(event, packed)
        raise LockedError(self.missing(key_id))

    def missing(self, key_id: int) -> str:
        """Which key is needed, and where it was looked for."""
        needed = self._fingerprints.get(key_id)
        which = f"the key with fingerprint {needed}" if needed else "a key whose fingerprint is not known any more"
        return (
            f"{which} is needed to read what is stored, and {self._ring.source} has "
            f"{fingerprints(self._ring.keys)}: add the key there as a further line, nothing need be stopped"
        )

    def fingerprint(self, key_id: int) -> str | None:
        """Of a key this store has used."""
        return self._fingerprints.get(key_id)

    def has_key(self, key_id: int) -> bool:
        """Whether rows with this key can be read."""
        return key_id == IN_CLEAR or key_id in self._keys

    def _unpacked(self, event: OutboxEvent, packed: bytes) -> OutboxEvent:
        try:
            return event_with(event, self._packer.unpack(packed))
        except ValueError as error:
            raise DamagedError(f"event {event.id}: {error}: damaged on disk") from error

    def _learn(self, connection: sqlite3.Connection) -> None:
        by_fingerprint = {key.fingerprint: key for key in self._ring.keys}
        rows = connection.execute("SELECT key_id, fingerprint FROM encryption_key").fetchall()
        self._fingerprints = {key_id: known for key_id, known in rows if not known.startswith(LOST_KEY)}
        self._keys = {
            key_id: by_fingerprint[known] for key_id, known in self._fingerprints.items() if known in by_fingerprint
        }
        self._is_stale = False

    def _opened_by_any(self, event: OutboxEvent) -> bytes | None:
        for key in self._ring.keys:
            with contextlib.suppress(DamagedError):
                return _opened(key, event)
        return None


def row_checksum(sequence: int, event: OutboxEvent, key_id: int, stored: bytes) -> int:
    """CRC-32 over everything that decides where an event goes, and its payload as stored."""
    head = f"{sequence}\0{event.id}\0{event.source}\0{event.type}\0{key_id}\0"
    return crc32(stored, crc32(head.encode("utf-8", "surrogatepass")))


def event_with(event: OutboxEvent, payload: bytes) -> OutboxEvent:
    """The same event with another payload."""
    return OutboxEvent(event.id, event.stream, event.source, event.type, payload)


def _opened(key: Key, event: OutboxEvent) -> bytes:
    from cryptography.exceptions import InvalidTag

    stored = event.payload
    try:
        return key.cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], event.id.encode())
    except (InvalidTag, ValueError) as error:
        raise DamagedError(f"event {event.id}: its seal is broken: damaged on disk") from error
