"""A session that keeps what a driver said, for driver tests without a supervisor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.events import FrameRejected
from edge_gateway.contracts.transport import Transport
from edge_gateway.transports.loopback import LoopbackTransport


class RecordingSession:
    """Implements ``edge_gateway.contracts.driver.Session``."""

    def __init__(self, clock: Clock, transport: Transport | None = None, device_id: str = "device-1") -> None:
        self.device_id = device_id
        self.clock = clock
        self.transport: Transport = transport or LoopbackTransport()
        self.events: list[tuple[str, Mapping[str, Any]]] = []
        self.rejected: list[FrameRejected] = []
        self.frames_seen = 0
        self.counters: Counter[str] = Counter()
        self.answering: list[tuple[bool | None, str | None]] = []
        self.flags: frozenset[str] = frozenset()
        self.details: Mapping[str, Any] = {}
        self.info: Mapping[str, Any] = {}
        self.raw_forgotten = 0

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        self.events.append((name, data))

    def frame_seen(self) -> None:
        self.frames_seen += 1

    def frame_rejected(self, rejected: FrameRejected) -> None:
        self.rejected.append(rejected)

    def count(self, name: str) -> None:
        self.counters[name] += 1

    def set_answering(self, is_answering: bool | None, reason: str | None = None) -> None:
        self.answering.append((is_answering, reason))

    def set_flags(self, flags: frozenset[str]) -> None:
        self.flags = flags

    def set_details(self, details: Mapping[str, Any]) -> None:
        self.details = details

    def set_condition(self, flags: frozenset[str], details: Mapping[str, Any]) -> None:
        self.flags = flags
        self.details = details

    def set_info(self, info: Mapping[str, Any]) -> None:
        self.info = info

    def forget_raw(self, *, is_sent_too: bool = False) -> None:
        self.raw_forgotten += 1
