"""How a protocol is found by name: each module of ``protocols`` that has codecs offers them in ``PROTOCOLS``.

::

    PROTOCOLS = {
        "scale/toledo-8217": Decodable(
            device_to_host=Side(Toledo8217Codec, examples=(b"\\x0201.235\\r",)),
            host_to_device=Side(Toledo8217CommandCodec, examples=(b"W",)),
            describe=describe,
        )
    }

``edge-gateway decode`` and the codec harness of the tests walk the package, so a new protocol edits no shared file.
A protocol's name is ``{family}/{protocol}`` and does not change: recordings, profiles and tools are keyed on it.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import protocols
from edge_gateway.contracts.codec import Codec
from edge_gateway.contracts.events import CodecEvent

Direction = Literal["device->host", "host->device"]
DEVICE_TO_HOST: Direction = "device->host"
HOST_TO_DEVICE: Direction = "host->device"

JsonEvent = dict[str, Any]
"""A codec event for people and tools: ``event`` (the class in snake_case) and its fields, JSON-able."""

_IN_BRIEF = ("weight", "count", "command", "error", "status")


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of a protocol. ``codec`` makes a fresh codec with default settings.

    ``examples``: whole frames, each of which gives at least one event other than FrameRejected.
    ``is_self_synchronising``: finds frames again after garbage without an idle line; False for records of fixed length
    without any mark, which only an idle line (``flush``) puts back in step.
    """

    codec: Callable[[], Codec]
    examples: tuple[bytes, ...]
    is_self_synchronising: bool = True


def event_json(event: CodecEvent) -> JsonEvent:
    """The default description: fields that say nothing (None) left out, ``is_`` dropped, bytes as text and as hex."""
    described: JsonEvent = {"event": snake_case(type(event).__name__)}
    for field in dataclasses.fields(event):
        name = field.name.removeprefix("is_")
        value = getattr(event, field.name)
        if isinstance(value, bytes):
            described[name] = text_of(value)
            described[f"{name}_hex"] = value.hex()
        elif value is not None:
            described[name] = _plain(value)
    return described


@dataclass(frozen=True, slots=True)
class Decodable:
    """A protocol: its directions, and how its events are told.

    ``brief``: what one frame said, in short; where bytes hold several, the last event lists them all as ``frames`` (or
    as ``brief_name``). Frames of which it is None are left out.
    """

    device_to_host: Side | None = None
    host_to_device: Side | None = None
    describe: Callable[[CodecEvent], JsonEvent] = event_json
    brief: Callable[[JsonEvent], Any] | None = None
    brief_name: str = "frames"

    def side(self, direction: str) -> Side | None:
        """The side for a direction; None where the protocol does not decode it."""
        return self.host_to_device if direction == HOST_TO_DEVICE else self.device_to_host

    def decode(self, data: bytes, direction: str = DEVICE_TO_HOST, *, before: bytes = b"") -> list[JsonEvent]:
        """All events of ``data``, the end of the data taken as an idle line. No events where ``side`` is None.

        ``before``: what came ahead of it and was told already, such as the first parts of a read.
        """
        if (side := self.side(direction)) is None:
            return []
        codec = side.codec()
        codec.feed(before)
        told = [self.describe(event) for event in (*codec.feed(data), *codec.flush())]
        if self.brief is not None and len(told) > 1:
            frames = [said for event in told if (said := self.brief(event)) is not None]
            if len(frames) > 1:
                told[-1][self.brief_name] = frames
        return told


def is_to_be_continued(events: Sequence[JsonEvent]) -> bool:
    """The last frame said that it is not the last part of what it brings."""
    return bool(events) and (events[-1].get("more") is True or events[-1].get("continued") is True)


def reading_in_brief(event: JsonEvent) -> JsonEvent:
    """Of a scale's answer, the first of what it said: bytes thrown away, a weight, a command, an error or a status."""
    if event["event"] == "frame_rejected":
        return {"discard": escaped(event["data"])}
    return next(({name: event[name]} for name in _IN_BRIEF if event.get(name) is not None), {"event": event["event"]})


def escaped(text: str) -> str:
    """Control characters as in a program's text: ``35\\r``."""
    return text.encode("unicode_escape").decode("ascii")


def find_protocols() -> Mapping[str, Decodable]:
    """Every protocol of the package by name. Raises ValueError when two modules claim one name."""
    found: dict[str, Decodable] = {}
    for module_name in _module_names():
        offered: Mapping[str, Decodable] = getattr(importlib.import_module(module_name), "PROTOCOLS", {})
        for name, decodable in offered.items():
            if name in found:
                raise ValueError(f"protocol {name!r}: claimed by two modules, the second is {module_name}")
            found[name] = decodable
    return dict(sorted(found.items()))


def text_of(data: bytes) -> str:
    """UTF-8 if it is that, else Latin-1, in which every byte is a character."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def snake_case(name: str) -> str:
    """``BarcodeRead`` becomes ``barcode_read``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _module_names() -> Iterator[str]:
    for module in pkgutil.walk_packages(protocols.__path__, f"{protocols.__name__}."):
        yield module.name


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
