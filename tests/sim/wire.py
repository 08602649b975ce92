"""A simulated device's end of a loopback transport: no kernel, and it can be pulled and put back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from edge_gateway.contracts.errors import TransportError
from edge_gateway.transports.loopback import LoopbackTransport
from simulators.link import OnBytes

PIECE_BYTES_MAX = 8
"""How much arrives at once, at most: serial ports deliver in pieces."""


class LoopbackLink:
    """Implements ``simulators.link.Link``; ``transport`` is the gateway's end."""

    def __init__(self, name: str, random: Random) -> None:
        self.path = Path(name)
        self.counters: Counter[str] = Counter()
        self.transport = LoopbackTransport(f"loopback {name}", self._in_pieces)
        self._random = random
        self._far_end = self.transport.far_end
        self.unplug()

    @property
    def on_bytes(self) -> OnBytes | None:
        return self._far_end.on_bytes

    @on_bytes.setter
    def on_bytes(self, on_bytes: OnBytes | None) -> None:
        self._far_end.on_bytes = on_bytes

    @property
    def is_plugged(self) -> bool:
        return self._far_end.is_there

    def plug(self) -> None:
        self._far_end.is_there, self._far_end.refusal = True, None

    def unplug(self) -> None:
        gone = TransportError(f"{self.path}: no such device")
        self._far_end.is_there, self._far_end.refusal = False, gone
        self._far_end.hang_up(gone)

    def write(self, data: bytes) -> None:
        if self.is_plugged:
            self._far_end.write(data)
        else:
            self.counters["dropped:unplugged"] += len(data)

    async def drain(self, limit_s: float | None = None) -> None:
        return None

    def _in_pieces(self, data: bytes) -> list[bytes]:
        pieces = []
        while data:
            length = self._random.randint(1, PIECE_BYTES_MAX)
            pieces.append(data[:length])
            data = data[length:]
        return pieces
