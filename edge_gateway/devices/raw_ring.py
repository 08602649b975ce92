"""The last minutes of a device's raw bytes, in memory, for whoever has to find out what it really said."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.tap import RawDirection

RING_S_MAX = 300.0
"""Long enough for a person to say that it has just happened."""

RING_BYTES_MAX = 262_144
"""Per device, what Python needs to keep it included: fifty devices stay below 13 MB. At 9600 baud it holds two minutes
of an uninterrupted stream, and of an ordinary poll all of the five."""

CHUNK_OVERHEAD_BYTES = 160
"""Of one chunk: a tuple's slots, a float and the bytes object (measured with tracemalloc, CPython 3.11)."""


@dataclass(frozen=True, slots=True)
class RawChunk:
    """``sequence``: counts on through the life of the daemon. ``at_s``: of the monotonic clock."""

    sequence: int
    at_s: float
    direction: RawDirection
    data: bytes


class RawRing:
    """One device. The oldest give way, by age and by room."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._chunks: deque[RawChunk] = deque()
        self._bytes = 0
        self._sequence = 0

    def add(self, direction: RawDirection, data: bytes) -> None:
        """What has just passed."""
        self._sequence += 1
        now_s = self._clock.monotonic()
        # The last of it, where one chunk alone is larger than the room.
        self._chunks.append(RawChunk(self._sequence, now_s, direction, bytes(data[-RING_BYTES_MAX // 2 :])))
        self._bytes += _cost(self._chunks[-1])
        while self._bytes > RING_BYTES_MAX or self._chunks[0].at_s < now_s - RING_S_MAX:
            self._bytes -= _cost(self._chunks.popleft())

    def forget(self) -> None:
        """Wipe it all: nobody knows in which chunk that which must not be kept began."""
        self._chunks.clear()
        self._bytes = 0

    def after(self, sequence: int, *, age_s_min: float = 0.0) -> Iterable[RawChunk]:
        """The chunks after one, but none younger than this age, nor older than the ring keeps."""
        now_s = self._clock.monotonic()
        oldest_s, newest_s = now_s - RING_S_MAX, now_s - age_s_min
        return [each for each in self._chunks if each.sequence > sequence and oldest_s <= each.at_s <= newest_s]


def _cost(chunk: RawChunk) -> int:
    return len(chunk.data) + CHUNK_OVERHEAD_BYTES
