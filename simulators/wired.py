"""What every simulated device on a wire has in common: it listens, it can be plugged in, it counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter

from simulators.link import Wire


class WiredDevice(ABC):
    """The far end of a ``Link``, which it plugs and unplugs, or of a loopback in a test."""

    def __init__(self, link: Wire) -> None:
        self.counters: Counter[str] = Counter()
        self._link = link

    async def start(self) -> None:
        """Listen. Plugs the link in if it can be plugged."""
        self._link.on_bytes = self._hear
        if (plug := getattr(self._link, "plug", None)) is not None:
            plug()

    async def stop(self) -> None:
        """Fall silent for good and take the link away."""
        self._link.on_bytes = None
        if (unplug := getattr(self._link, "unplug", None)) is not None:
            unplug()

    @abstractmethod
    def _hear(self, data: bytes) -> None:
        """Bytes of the gateway."""
