"""Which keys the rows of a store need, and which of them are there."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_gateway.contracts.clock import rfc3339
from edge_gateway.store.key_ring import KeyRing
from edge_gateway.store.sealing import LOST_KEY


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """``fingerprint`` None: in clear, or of a key whose name was lost with a damaged store."""

    fingerprint: str | None
    is_sealed: bool
    is_configured: bool
    is_sealing: bool
    first_used: str | None
    pending: int
    dead: int
    print_jobs: int = 0

    @property
    def is_missing(self) -> bool:
        """Rows wait for it."""
        return self.is_sealed and not self.is_configured and self.pending + self.dead + self.print_jobs > 0


def key_usage(connection: sqlite3.Connection, ring: KeyRing) -> list[KeyUsage]:
    """Of every key the store knows or the configuration has, and of what is in clear. Reads all rows."""
    counts = {
        table: dict(connection.execute(f"SELECT key_id, count(*) FROM {table} GROUP BY key_id").fetchall())
        for table in ("pending", "dead_letter")
    }
    kept = "SELECT key_id, count(*) FROM print_job WHERE content IS NOT NULL GROUP BY key_id"
    counts["print_job"] = dict(connection.execute(kept).fetchall())
    configured = [key.fingerprint for key in ring.keys]
    known = connection.execute("SELECT key_id, fingerprint, first_used_ms FROM encryption_key").fetchall()
    usages = []
    for key_id, fingerprint, first_used_ms in [(0, None, 0), *known]:
        used = tuple(counts[table].get(key_id, 0) for table in ("pending", "dead_letter", "print_job"))
        name = None if fingerprint is None or fingerprint.startswith(LOST_KEY) else fingerprint
        if key_id == 0 and not any(used):
            continue
        since = rfc3339(datetime.fromtimestamp(first_used_ms / 1000, UTC)) if first_used_ms else None
        usages.append(KeyUsage(name, key_id != 0, name in configured, name == _first(configured), since, *used))
    unused = [one for one in configured if one not in {usage.fingerprint for usage in usages}]
    usages += [KeyUsage(one, True, True, one == _first(configured), None, 0, 0) for one in unused]
    return usages


def _first(fingerprints: list[str]) -> str:
    return fingerprints[0] if fingerprints else ""
