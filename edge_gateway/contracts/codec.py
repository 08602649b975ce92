"""The promise of a codec: bytes in, events out, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge_gateway.contracts.events import CodecEvent


class Codec(Protocol):
    """Turns a device's bytes into events.

    Never raises on device bytes; bounded memory; the events do not depend on how the bytes were chunked;
    what is no frame becomes ``FrameRejected`` and the codec resynchronises.
    """

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        """Take bytes as they came; give what is complete, in order."""
        ...

    def flush(self) -> Sequence[CodecEvent]:
        """The line has been idle for the codec's gap: give what only an idle gap can end, drop the rest as rejected."""
        ...
