"""Cuts a stream of bytes into frames as a ``Framing`` says: bounded, however chunked, in step again by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.declarative.framing import (
    EndFraming,
    FixedFraming,
    Framing,
    IdleFraming,
    LengthFraming,
    StartEndFraming,
    to_bytes,
)

_HEAD_BYTES = 64
"""Of rejected bytes: what an event may hold."""


@dataclass(frozen=True, slots=True)
class Frame(CodecEvent):
    """One frame. ``body``: without start, end and tail (fixed and length: without start)."""

    whole: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class _Cut:
    """The first ``length`` bytes are a frame, of which ``body_from`` to ``body_to`` are its body."""

    length: int
    body_from: int
    body_to: int


@dataclass(frozen=True, slots=True)
class _Noise:
    """The first ``length`` bytes belong to no frame."""

    length: int
    reason: str


_NEED_MORE = None


class Framer:
    """``feed`` and ``flush`` give ``Frame`` and ``FrameRejected``."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._start = to_bytes(getattr(framing, "start", None) or "")
        self._ends = tuple(to_bytes(end) for end in framing.end) if isinstance(framing, EndFraming) else ()
        self._mask = bytes(value & framing.mask for value in range(256)) if framing.mask != 0xFF else None
        self._buffer = bytearray()
        self._noise_head = b""
        self._noise_length = 0
        self._noise_reason = ""

    @property
    def has_pending(self) -> bool:
        """Bytes wait for the rest of their frame, or for an idle line."""
        return bool(self._buffer) or self._noise_length > 0

    @property
    def is_ended_by_idle(self) -> bool:
        """Only a quiet line ends a frame."""
        return isinstance(self._framing, IdleFraming)

    def feed(self, data: bytes) -> list[Frame | FrameRejected]:
        """Frames that are whole now, and what was between them."""
        self._buffer += data.translate(self._mask) if self._mask else data
        found: list[Frame | FrameRejected] = []
        while self._buffer and (step := self._step()) is not _NEED_MORE:
            taken = bytes(self._buffer[: step.length])
            del self._buffer[: step.length]
            if isinstance(step, _Noise):
                self._add_noise(taken, step.reason)
                continue
            found += self._end_noise()
            found += self._checked(taken, step) if taken else ()
        return found

    def flush(self) -> list[Frame | FrameRejected]:
        """The line is quiet: what is left is a frame where nothing else ends one, else it is lost."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        if not rest:
            return list(self._end_noise())
        if self.is_ended_by_idle and not self._noise_length:
            return list(self._checked(rest, _Cut(len(rest), 0, len(rest))))
        self._add_noise(rest, "incomplete")
        return list(self._end_noise())

    def _checked(self, whole: bytes, cut: _Cut) -> Sequence[Frame | FrameRejected]:
        check = self._framing.checksum
        if check is None or check.holds(whole):
            body = whole[cut.body_from : cut.body_to]
            return (Frame(whole, body),) if body else ()
        # A lost end glues two frames together: where the second begins, the search goes on.
        again = whole.find(self._start, 1) if self._start else -1
        if again > 0:
            self._buffer[:0] = whole[again:]
            whole = whole[:again]
        return (FrameRejected.of("checksum", whole),)

    def _step(self) -> _Cut | _Noise | None:
        if self._start and (noise := self._before_start()) is not None:
            return noise if noise.length else _NEED_MORE
        framing = self._framing
        match framing:
            case EndFraming():
                return self._to_end(framing)
            case StartEndFraming():
                return self._between(framing)
            case FixedFraming(length=length):
                return _Cut(length, len(self._start), length) if len(self._buffer) >= length else _NEED_MORE
            case LengthFraming():
                return self._by_length(framing)
            case IdleFraming(frame_bytes_max=limit):
                is_lost = self._noise_length > 0 or len(self._buffer) > limit
                return _Noise(len(self._buffer), "too_long") if is_lost else _NEED_MORE
        assert_never(framing)

    def _before_start(self) -> _Noise | None:
        """None: the buffer begins with a start. Of length 0: it may, when more has come."""
        if self._buffer.startswith(self._start):
            return None
        at = self._buffer.find(self._start)
        if at < 0:
            at = len(self._buffer) - _overlap(self._buffer, self._start)
        return _Noise(at, "outside_frame")

    def _to_end(self, framing: EndFraming) -> _Cut | _Noise | None:
        found = [(at, -len(end)) for end in self._ends if (at := self._buffer.find(end)) >= 0]
        if not found:
            keep = max(len(end) for end in self._ends) - 1
            is_lost = self._noise_length > 0 or len(self._buffer) - keep > framing.frame_bytes_max
            excess = len(self._buffer) - keep
            return _Noise(excess, "too_long") if is_lost and excess > 0 else _NEED_MORE
        at, negative_length = min(found)
        whole = at - negative_length
        if self._noise_length or at > framing.frame_bytes_max:
            return self._end_of_lost(whole)
        return _Cut(whole, 0, at)

    def _end_of_lost(self, length: int) -> _Cut:
        """The end of what was too long: all of it is one rejection, and the next byte begins a frame."""
        self._add_noise(bytes(self._buffer[:length]), "too_long")
        del self._buffer[:length]
        return _Cut(0, 0, 0)

    def _between(self, framing: StartEndFraming) -> _Cut | _Noise | None:
        end = to_bytes(framing.end)
        begin = len(self._start)
        # Never further than where a byte more would have shown that it is too long: however much has come at once.
        window = framing.frame_bytes_max + 1
        at = self._buffer.find(end, begin, window)
        again = self._buffer.find(self._start, begin, window if at < 0 else min(window, at + begin - 1))
        if again > 0:
            return _Noise(again, "incomplete")
        if at < 0:
            is_long = len(self._buffer) > framing.frame_bytes_max
            return _Noise(begin, "too_long") if is_long else _NEED_MORE
        whole = at + len(end) + framing.tail_bytes
        if whole > framing.frame_bytes_max:
            return _Noise(begin, "too_long")
        return _Cut(whole, begin, at) if len(self._buffer) >= whole else _NEED_MORE

    def _by_length(self, framing: LengthFraming) -> _Cut | _Noise | None:
        if len(self._buffer) < framing.head_bytes:
            return _NEED_MORE
        length = framing.length_of(bytes(self._buffer[: framing.head_bytes]))
        if length is None:
            return _Noise(1, "length")
        return _Cut(length, len(self._start), length) if len(self._buffer) >= length else _NEED_MORE

    def _add_noise(self, data: bytes, reason: str) -> None:
        self._noise_head = (self._noise_head + data)[:_HEAD_BYTES]
        self._noise_length += len(data)
        self._noise_reason = self._noise_reason or reason

    def _end_noise(self) -> Sequence[FrameRejected]:
        if not self._noise_length:
            return ()
        rejected = FrameRejected(self._noise_reason, self._noise_head, self._noise_length)
        self._noise_head, self._noise_length, self._noise_reason = b"", 0, ""
        return (rejected,)


def _overlap(buffer: bytearray, start: bytes) -> int:
    """How many of the last bytes may be the beginning of a start."""
    return next((size for size in range(min(len(start) - 1, len(buffer)), 0, -1) if buffer.endswith(start[:size])), 0)
