"""A simulator's wire that only collects: for tests that need its bytes and no kernel."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from simulators.link import OnBytes


class CollectingLink:
    """Implements ``simulators.link.Link``."""

    def __init__(self) -> None:
        self.path = Path("collected")
        self.on_bytes: OnBytes | None = None
        self.counters: Counter[str] = Counter()
        self.written = b""
        self.is_plugged = True

    def plug(self) -> None:
        self.is_plugged = True

    def unplug(self) -> None:
        self.is_plugged = False

    def write(self, data: bytes) -> None:
        self.written += data

    async def drain(self, limit_s: float | None = None) -> None:
        return None
