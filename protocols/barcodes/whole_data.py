"""A codec for data that has no frame of its own: one read is what came up to the idle line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.barcodes import gs1

_BYTES_MAX = gs1.TEXT_CHARACTERS_MAX
_REJECTED_HEAD_BYTES = 64


@dataclass
class WholeDataCodec:
    """Collects one read up to the idle line, then parses it. Bounded: longer data is rejected."""

    parse: Callable[[bytes], Sequence[CodecEvent]]
    _buffer: bytearray = field(default_factory=bytearray)
    _length: int = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self._length += len(data)
        self._buffer += data[: max(0, _BYTES_MAX - len(self._buffer))]
        return ()

    def flush(self) -> Sequence[CodecEvent]:
        data, length = bytes(self._buffer), self._length
        self._buffer.clear()
        self._length = 0
        if length > _BYTES_MAX:
            return [FrameRejected("too_long", data[:_REJECTED_HEAD_BYTES], length)]
        return self.parse(data) if data else ()
