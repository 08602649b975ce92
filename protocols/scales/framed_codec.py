"""What codecs of framed lines share: one bounded buffer that is cut from its start, and noise told in pieces.

A protocol says how long the frame at the start of the buffer is, and what a whole frame means. Everything is decided
byte by byte, so the events do not depend on how the bytes were chunked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from protocols.decoding import JsonEvent, event_json

NOISE_BYTES_MAX = 64
"""Bytes outside frames told as one event."""
MORE = 0
"""``cut``: the frame at the start of the buffer is not whole yet."""


class FramedCodec(ABC):
    """``frame_bytes_max``: with so many bytes and still no whole frame, the first of them is taken for noise."""

    frame_bytes_max: int

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._noise = bytearray()

    @abstractmethod
    def cut(self, buffer: bytearray) -> int:
        """Length of the frame that starts ``buffer``; ``MORE``; or minus the number of bytes that start none.

        ``buffer`` is never empty. What is said must not change when more bytes follow.
        """

    @abstractmethod
    def understand(self, frame: bytes) -> CodecEvent:
        """A whole frame, or FrameRejected."""

    def at_idle(self, rest: bytes) -> CodecEvent | None:
        """What the unfinished bytes mean where the line went idle after them; None: nothing."""
        return None

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._buffer.append(byte)
            while self._buffer and self._take(events):
                pass
        return events

    def flush(self) -> Sequence[CodecEvent]:
        rest, self._buffer = bytes(self._buffer), bytearray()
        event = self.at_idle(rest) if rest else None
        events: list[CodecEvent] = []
        if event is None:
            self._noise += rest
        self._end_noise(events, "line went idle inside a frame" if rest and event is None else None)
        return events if event is None else [*events, event]

    def _take(self, events: list[CodecEvent]) -> bool:
        """False: more bytes are needed."""
        length = self.cut(self._buffer)
        if length == MORE:
            if len(self._buffer) < self.frame_bytes_max:
                return False
            length = -1
        piece = bytes(self._buffer[: abs(length)])
        del self._buffer[: abs(length)]
        if length > 0:
            self._end_noise(events)
            events.append(self.understand(piece))
        else:
            self._noise += piece
            if len(self._noise) >= NOISE_BYTES_MAX:
                self._end_noise(events)
        return True

    def _end_noise(self, events: list[CodecEvent], reason: str | None = None) -> None:
        if self._noise:
            events.append(FrameRejected.of(reason or "bytes outside a frame", bytes(self._noise)))
            self._noise.clear()


def describe_rejected(event: FrameRejected) -> JsonEvent:
    """For people and tools: that it is no frame, and why."""
    return {**event_json(event), "valid": False}


def weight_json(event: WeightRead) -> JsonEvent:
    """A weight for people and tools, without the fields that only drivers need."""
    told = event_json(event)
    for name in ("stability_sent", "high_resolution"):
        told.pop(name, None)
    return told
