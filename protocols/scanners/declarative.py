"""A serial scanner described by its profile: framing, and where in a frame the code stands. No Python for a new one.

::

    [settings.framing]
    kind = "start_end"
    start = "\\u0002"
    end = "\\u0003"

    [[settings.reads]]
    pattern = '(?P<code_id>[A-Z])(?P<data>.+)'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field, model_validator

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.declarative.framer import Frame, Framer
from protocols.declarative.framing import EndFraming, Framing, Part
from protocols.declarative.patterns import Pattern, group_names, matched
from protocols.decoding import Decodable, Side
from protocols.scanners.decodables import describe
from protocols.scanners.reading import AimHandling, barcode_read

GROUPS = frozenset({"data", "aim", "code_id"})
"""What a pattern's groups can be called."""


class Read(Part):
    """One kind of frame. Groups of ``pattern``: ``data``, ``aim`` (such as ]E0), ``code_id`` (the vendor's)."""

    pattern: Pattern = Field(description="RE2 expression that the whole frame must match.")
    code_ids: Mapping[str, str] = Field({}, description="Text of the group code_id to the symbology it stands for.")
    is_ignored: bool = Field(False, description="No read: an acknowledgement, a heartbeat, the answer to a command.")

    @model_validator(mode="after")
    def _groups_are_known(self) -> Self:
        groups = group_names(self.pattern)
        if unknown := sorted(groups - GROUPS):
            raise ValueError(f"group {', '.join(unknown)}: expected names of {', '.join(sorted(GROUPS))}")
        if not self.is_ignored and "data" not in groups:
            raise ValueError("expected a group data, the code itself; or is_ignored = true")
        return self


class DeclarativeScannerCodec:
    """Frames of the described scanner to ``BarcodeRead``. Without ``reads`` a frame's body is the code."""

    def __init__(self, framing: Framing, reads: Sequence[Read] = (), aim: AimHandling = "auto") -> None:
        self._framer = Framer(framing)
        self._reads = tuple(reads)
        self._aim = aim

    @property
    def is_ended_by_idle(self) -> bool:
        """A quiet line ends a read."""
        return self._framer.is_ended_by_idle

    @property
    def has_pending(self) -> bool:
        """Bytes wait for the rest of their frame."""
        return self._framer.has_pending

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [event for frame in self._framer.feed(data) for event in self._understood(frame)]

    def flush(self) -> Sequence[CodecEvent]:
        return [event for frame in self._framer.flush() for event in self._understood(frame)]

    def _understood(self, frame: Frame | FrameRejected) -> Sequence[CodecEvent]:
        if isinstance(frame, FrameRejected):
            return (frame,)
        if not self._reads:
            return (barcode_read(frame.body, self._aim, "none"),)
        for read in self._reads:
            groups = matched(read.pattern, frame.body)
            if groups is not None:
                return () if read.is_ignored else (_barcode(groups, frame.body, self._aim),)
        return (FrameRejected.of("no_known_read", frame.whole),)


def _barcode(groups: Mapping[str, str], raw: bytes, aim: AimHandling) -> CodecEvent:
    data = groups.get("data", "").encode("latin-1")
    if not data:
        return FrameRejected.of("no_data", raw)
    if "aim" in groups:
        return BarcodeRead(raw=raw, data=data, aim=groups["aim"])
    if "code_id" in groups:
        return BarcodeRead(raw=raw, data=data, code_id=groups["code_id"])
    inner = barcode_read(data, aim, "none")
    return BarcodeRead(raw=raw, data=inner.data, aim=inner.aim)


PROTOCOLS = {
    "scanner/declarative": Decodable(
        device_to_host=Side(
            lambda: DeclarativeScannerCodec(EndFraming(kind="end")), examples=(b"]E04006381333931\r\n", b"96385074\n")
        ),
        describe=describe,
    )
}
"""For ``decode``, which has no profile: lines."""
