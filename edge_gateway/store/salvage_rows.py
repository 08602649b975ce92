"""Which table a record belongs to, told by its shape, and whether an event is still what was stored.

So neither the schema's page nor the tree above a leaf is needed to salvage it. Shapes of versions 1 to 3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.store.page_records import Cell, Value
from edge_gateway.store.sealing import IN_CLEAR, row_checksum
from edge_gateway.store.sequence import STREAM_SHIFT, stream_of

STREAM_IDS: Final = range(1, 6)
STREAM_NAMES: Final[Mapping[int, str]] = {
    1: "telemetry",
    2: "audit",
    3: "device_events",
    4: "inventory",
    5: "transactions",
}
"""As schema v001 numbers them, for ever."""

UPLINK_IDS: Final = range(1, 63)
FIRST_SEQUENCE: Final = 1 << STREAM_SHIFT

GATEWAY_VALUES_MAX: Final = 1_000
"""Of `gateway`; there are a handful."""

_SCHEMA_KINDS: Final = ("table", "index", "view", "trigger")

_EVENT: Final = (str, str, str, int, bytes)


class StoredRow(NamedTuple):
    """A row of ``pending`` or, with an uplink and a reason, of ``dead_letter``."""

    sequence: int
    event: OutboxEvent
    appended_at_ms: int
    done: int
    key_id: int
    checksum: int | None
    uplink_id: int = 0
    dead_at_ms: int = 0
    reason: str = ""
    key: str | None = None
    """With its digest: where it has one beside it, which may not be in ``idempotency_key`` yet."""
    digest: str = ""

    @property
    def key_row(self) -> KeyRow | None:
        return None if self.key is None else KeyRow(self.key, self.digest, self.event.id, self.sequence)


class KeyRow(NamedTuple):
    """A row of ``idempotency_key``."""

    key: str
    digest: str
    event_id: str
    sequence: int


class CommandRow(NamedTuple):
    """A row of ``command``."""

    position: int
    request_key: str
    digest: str
    claimed_at_ms: int
    reply: bytes | None


@dataclass(slots=True)
class Facts:
    """What the small tables say, as far as they could be read."""

    schema_version: int = 0
    settled: dict[int, int] = field(default_factory=dict)
    """By stream id: highest sequence settled."""
    removed: dict[int, int] = field(default_factory=dict)
    """By stream id: how many left ``pending``."""
    uplinks: dict[int, str] = field(default_factory=dict)
    uplink_streams: dict[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)
    """By uplink and stream: delivered_total, done_kept, sequence_below."""
    dropped: dict[tuple[int, str], int] = field(default_factory=dict)
    keys: dict[int, tuple[str, int]] = field(default_factory=dict)
    """By key id: fingerprint, first_used_ms."""
    gateway: dict[str, Value] = field(default_factory=dict)

    def take(self, cell: Cell) -> bool:
        """Whether a row of a small table was recognised."""
        match cell.values:
            case (None, str(name), int(first), int(second), int(third)) if STREAM_NAMES.get(cell.rowid) == name:
                if self.schema_version >= 3:  # dead, sequence_settled, removed_total
                    self.settled[cell.rowid], self.removed[cell.rowid] = second, third
                else:  # delivered_total, dead, sequence_settled
                    self.settled[cell.rowid], self.removed[cell.rowid] = third, first + second
            case (None, str(name)) if cell.rowid in UPLINK_IDS:
                self.uplinks[cell.rowid] = name
            case (None, str(fingerprint), int(first_used)) if cell.rowid > 0 and len(fingerprint) == 16:
                self.keys[cell.rowid] = (fingerprint, first_used)
            case (str(kind), str(), str(), int(), None | str()) if kind in _SCHEMA_KINDS:
                pass  # the schema's own rows
            case (str(), int(), str(), int(), str(), str(), *_):
                pass  # of `salvage`: what became of stores before this one
            case _:
                return False
        return True

    def take_indexed(self, values: tuple[Value, ...]) -> bool:
        """The same for tables WITHOUT ROWID."""
        match values:
            case (int(uplink), int(stream), int(), int(delivered), int(kept), int(below)) if (
                uplink in UPLINK_IDS and stream in STREAM_IDS
            ):
                self.uplink_streams[uplink, stream] = (delivered, kept, below)
            case (int(stream), str(reason), int(total)) if stream in STREAM_IDS:
                self.dropped[stream, reason] = total
            case (str(name), value) if "/" not in name and len(self.gateway) < GATEWAY_VALUES_MAX:
                # Indexes over names look the same; whoever takes a value asks for it by its name.
                self.gateway.setdefault(name, value)
            case _:
                return False
        return True


def event_row(cell: Cell) -> StoredRow | None:
    """A row of ``pending`` or ``dead_letter``; None for one of any other table."""
    values = cell.values
    match len(values):
        case 6 | 9 | 11 if values[0] is None and _is_event(cell.rowid, values[1:6]):
            done, key_id, checksum, *key = values[6:] or (0, IN_CLEAR, None)
            row = _row(cell.rowid, values[1:6], done=done, key_id=key_id, checksum=checksum)
            match key:
                case (str(text), str(digest)) if row is not None:
                    return row._replace(key=text, digest=digest)
            return row
        case 8 if values[0] is None and _is_event(cell.rowid, values[1:6]):
            return _row(cell.rowid, values[1:6], uplink=1, dead_at_ms=values[6], reason=values[7])
        case 11 if values[0] in UPLINK_IDS and _is_event(values[1], values[2:7]):
            uplink, sequence = values[0], values[1]
            key_id, checksum, dead_at_ms, reason = values[7:]
            return _row(
                sequence,
                values[2:7],
                uplink=uplink,
                key_id=key_id,
                checksum=checksum,
                dead_at_ms=dead_at_ms,
                reason=reason,
            )
    return None


def key_row(values: tuple[Value, ...]) -> KeyRow | None:
    """A row of ``idempotency_key``."""
    match values:
        case (str(key), str(digest), str(event_id), int(sequence)) if is_sequence(sequence) and event_id:
            return KeyRow(key, digest, event_id, sequence)
    return None


def command_row(cell: Cell) -> CommandRow | None:
    """A row of ``command``."""
    match cell.values:
        case (None, str(key), str(digest), int(claimed_at), None | bytes() as reply) if cell.rowid > 0 and "/" in key:
            return CommandRow(cell.rowid, key, digest, claimed_at, reply)
    return None


def is_sequence(number: Value) -> bool:
    """Whether it lies in the range of a stream."""
    return isinstance(number, int) and number > FIRST_SEQUENCE and stream_of(number) in STREAM_IDS


def is_sound(row: StoredRow) -> bool:
    """Whether the row is what was stored. Those older than checksums: their payload is JSON, with the row's id."""
    event = row.event
    if row.checksum is not None:
        return row.checksum == row_checksum(row.sequence, event, row.key_id, event.payload)
    if row.key_id != IN_CLEAR:
        return False
    try:
        body = json.loads(event.payload)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("id") == event.id and body.get("type") == event.type


def _is_event(sequence: Value, values: tuple[Value, ...]) -> bool:
    return is_sequence(sequence) and all(isinstance(value, kind) for value, kind in zip(values, _EVENT, strict=True))


def _row(
    sequence: Value,
    values: tuple[Value, ...],
    *,
    done: Value = 0,
    key_id: Value = IN_CLEAR,
    checksum: Value = None,
    uplink: Value = 0,
    dead_at_ms: Value = 0,
    reason: Value = "",
) -> StoredRow | None:
    match (sequence, *values, done, key_id, uplink, dead_at_ms):
        case (
            int(number),
            str(event_id),
            str(source),
            str(event_type),
            int(appended_at),
            bytes(payload),
            int(mask),
            int(key),
            int(of_uplink),
            int(dead_at),
        ) if (checksum is None or isinstance(checksum, int)) and isinstance(reason, str):
            event = OutboxEvent(event_id, STREAM_NAMES[stream_of(number)], source, event_type, payload)
            return StoredRow(number, event, appended_at, mask, key, checksum, of_uplink, dead_at, reason)
    return None
