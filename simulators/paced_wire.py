"""A serial wire that takes its time: bytes come through as fast as a baud rate lets them, in both directions."""

from __future__ import annotations

import asyncio
from typing import Final

from simulators.link import OnBytes, PtyLink

BITS_PER_BYTE: Final = 10
"""8N1: a start bit, eight data bits, a stop bit."""
TICK_S: Final = 0.002
"""Between two looks at the clock: two bytes at 9600 baud."""
HELD_BYTES: Final = 64
"""On their way at once; more wait in the kernel's buffer, which is the host's."""


class PacedWire:
    """A pty at ``link.path`` that is ``baud`` fast. Each direction is paced from the first byte of a burst on."""

    def __init__(self, link: PtyLink, baud: int) -> None:
        self.on_bytes: OnBytes | None = None
        self._link = link
        self._bytes_per_s = baud / BITS_PER_BYTE
        self._to_device = bytearray()
        self._to_host = bytearray()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Idempotent."""
        self._link.on_bytes = self._hear
        self._link.plug()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="paced wire")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        self._link.unplug()

    def write(self, data: bytes) -> None:
        """From the device."""
        self._to_host += data

    def _hear(self, data: bytes) -> None:
        self._to_device += data
        if len(self._to_device) >= HELD_BYTES:
            self._link.pause(True)

    async def _run(self) -> None:
        """What is due by the clock of this loop goes on; a byte that waits for nobody is due after its own time."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        due = {"device": 0.0, "host": 0.0}
        while True:
            await asyncio.sleep(TICK_S)
            now = loop.time()
            passed, last = (now - last) * self._bytes_per_s, now
            for name, waiting in (("device", self._to_device), ("host", self._to_host)):
                due[name] = due[name] + passed if waiting else 0.0
                ready = bytes(waiting[: int(due[name])])
                del waiting[: len(ready)]
                due[name] -= len(ready)
                if ready and name == "host":
                    self._link.write(ready)
                elif ready and self.on_bytes is not None:
                    self.on_bytes(ready)
            if len(self._to_device) < HELD_BYTES:
                self._link.pause(False)
