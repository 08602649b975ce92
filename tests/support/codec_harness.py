"""The one harness that every codec passes. Codecs are found by name: a new one is tested without an edit here."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Direction, Side, find_protocols

MEMORY_GROWTH_BYTES_MAX = 98_304
"""What a codec may keep, however much it was sent: more than the largest frame as a list of characters."""

EVENT_BYTES_MAX = 64
"""Bytes of a rejected frame that an event may hold."""

_UNCOUNTED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, Enum)


@dataclass(frozen=True)
class Subject:
    """One codec under test."""

    protocol: str
    direction: Direction
    side: Side

    def __str__(self) -> str:
        return f"{self.protocol} {self.direction}"


def subjects() -> list[Subject]:
    """Every codec that the package of protocols offers."""
    return [
        Subject(name, direction, side)
        for name, protocol in find_protocols().items()
        for direction, side in (("device->host", protocol.device_to_host), ("host->device", protocol.host_to_device))
        if side is not None
    ]


def events_of(codec: Codec, chunks: Iterable[bytes]) -> list[CodecEvent]:
    """What the codec says of the chunks, without an idle line at the end."""
    return [event for chunk in chunks for event in codec.feed(chunk)]


def decoded(side: Side, chunks: Iterable[bytes]) -> list[CodecEvent]:
    """What a fresh codec says of the chunks and of the idle line after them."""
    codec = side.codec()
    return [*events_of(codec, chunks), *codec.flush()]


def byte_by_byte(data: bytes) -> Iterator[bytes]:
    return (data[position : position + 1] for position in range(len(data)))


def in_random_chunks(data: bytes, source: random.Random, size_max: int = 40) -> Iterator[bytes]:
    """Pieces of 0 to ``size_max`` bytes: an empty read is a real one."""
    position = 0
    while position < len(data):
        size = source.randint(0, size_max)
        yield data[position : position + size]
        position += size


def understood(events: Iterable[CodecEvent]) -> list[CodecEvent]:
    """The events that are no rejection."""
    return [event for event in events if not isinstance(event, FrameRejected)]


def rejections_are_bounded(events: Iterable[CodecEvent]) -> bool:
    """Each rejection names a reason, holds few bytes, and counts at least those."""
    return all(
        event.reason and len(event.data) <= min(EVENT_BYTES_MAX, event.length)
        for event in events
        if isinstance(event, FrameRejected)
    )


def bytes_held(codec: object) -> int:
    """Memory of a codec and all that it holds, shared tables included."""
    seen: set[int] = set()
    waiting: list[Any] = [codec]
    total = 0
    while waiting:
        held = waiting.pop()
        if id(held) in seen or isinstance(held, _UNCOUNTED):
            continue
        seen.add(id(held))
        total += sys.getsizeof(held)
        if isinstance(held, Mapping):
            waiting += [*held.keys(), *held.values()]
        elif isinstance(held, (str, bytes, bytearray)):
            continue
        elif isinstance(held, (list, tuple, set, frozenset)) or type(held).__name__ == "deque":
            waiting += list(held)
        else:
            waiting += list(getattr(held, "__dict__", {}).values())
            slots = (name for kind in type(held).__mro__ for name in getattr(kind, "__slots__", ()))
            waiting += [getattr(held, name) for name in slots if hasattr(held, name)]
    return total
