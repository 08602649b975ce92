"""A simulated device's end of a loopback transport: no kernel, and it can be pulled and put back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from edge_gateway.contracts.errors import TransportError
from edge_gateway.transports.loopback import Chunker, LoopbackTransport
from simulators.link import OnBytes
from tests.sim.process import SimulatedProcess

PIECE_BYTES_MAX = 8
"""How much arrives at once, at most: serial ports deliver in pieces."""


class LoopbackLink:
    """Implements ``simulators.link.Link``; ``transport`` is the end of the gateway that is told by ``belong_to``."""

    def __init__(self, name: str, random: Random) -> None:
        self.path = Path(name)
        self.counters: Counter[str] = Counter()
        self.transport = _ProcessTransport(f"loopback {name}", self._in_pieces)
        self._on_bytes: OnBytes | None = None
        self._random = random
        self._far_end = self.transport.far_end
        self.unplug()

    @property
    def on_bytes(self) -> OnBytes | None:
        return self._on_bytes

    @on_bytes.setter
    def on_bytes(self, on_bytes: OnBytes | None) -> None:
        self._on_bytes = on_bytes
        self._far_end.on_bytes = None if on_bytes is None else partial(self.transport.to_device, on_bytes)

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


class _ProcessTransport(LoopbackTransport):
    """What arrives is handled inside the process that has it open; what it writes is handled outside of it."""

    def __init__(self, description: str, chunker: Chunker) -> None:
        super().__init__(description, chunker)
        self.process: SimulatedProcess | None = None

    def to_device(self, on_bytes: Callable[[bytes], None], data: bytes) -> None:
        if self.process is None:
            on_bytes(data)
        else:
            self.process.run_outside(on_bytes, data)

    def _schedule_delivery(self) -> None:
        if self.process is None:
            super()._schedule_delivery()
        elif not self._is_delivery_scheduled:
            self._is_delivery_scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver_inside)

    def _deliver_inside(self) -> None:
        self._is_delivery_scheduled = False
        if self.process is not None:
            self.process.run_inside(self._deliver)
