"""How a payload lies on disk: the seam between the outbox and encryption, and what it is without encryption."""

from __future__ import annotations

import sqlite3
from typing import Final, Protocol
from zlib import crc32

from edge_gateway.contracts.errors import StoreError

CLEAR: Final = 0
"""``key_id`` of a payload in clear."""


class LockedError(StoreError):
    """The key of a row is not here (now). The row is left where it is."""


class DamagedError(StoreError):
    """What lies on disk is not what was stored."""


class Sealer(Protocol):
    """Lives in the SQLite thread, but for ``generation``, which any thread may read."""

    @property
    def generation(self) -> int:
        """Changes when rows that were locked may be readable now: they are read again."""
        ...

    def begin(self, connection: sqlite3.Connection) -> None:
        """Called before what is sealed for one commit, inside its transaction; it may still be rolled back."""
        ...

    def seal(self, event_id: str, payload: bytes) -> tuple[int, bytes, int]:
        """Key id, the payload as it is to lie on disk, and the checksum of id and that."""
        ...

    def unseal(self, event_id: str, key_id: int, stored: bytes, checksum: int | None) -> bytes:
        """The payload. ``checksum`` None: of a row older than checksums. Raises LockedError, DamagedError."""
        ...

    def look(self, connection: sqlite3.Connection) -> None:
        """Called every few seconds at most, outside any transaction: see whether keys came or went."""
        ...


class ClearText:
    """Implements ``Sealer`` without encryption."""

    generation = 0

    def begin(self, connection: sqlite3.Connection) -> None:
        """Nothing to prepare."""

    def look(self, connection: sqlite3.Connection) -> None:
        """No keys."""

    def seal(self, event_id: str, payload: bytes) -> tuple[int, bytes, int]:
        return CLEAR, payload, crc32(payload, crc32(event_id.encode()))

    def unseal(self, event_id: str, key_id: int, stored: bytes, checksum: int | None) -> bytes:
        if checksum is not None and checksum_of(event_id, stored) != checksum:
            raise DamagedError(f"event {event_id} is damaged on disk: its checksum does not agree with it")
        if key_id != CLEAR:
            raise LockedError(
                f"event {event_id} is encrypted with key {key_id}, and no keys are configured: "
                "set outbox.encryption.key_file to the file that holds it"
            )
        return stored


def checksum_of(event_id: str, stored: bytes) -> int:
    """crc32 over the id and the payload as it lies on disk."""
    return crc32(stored, crc32(event_id.encode()))
