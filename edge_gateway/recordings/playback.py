"""Plays the device's side of a recording: answers when it is asked as it was, talks when it talked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.waiting import within
from edge_gateway.transports.recording import MID_SESSION, Chunk, Recording, RecordingError

HOST_WAIT_S_MAX = 10.0
"""How long the recorded bytes of the host are waited for: longer than any driver's slowest poll in a recording."""
QUIET_S = 0.5
"""Silence after the last line that ends a replay; longer than the idle gap that ends a scan without a suffix."""


class RecordingPlayer:
    """``write``: bytes to the driver; ``command``: a ``!`` line. ``hear`` is called with what the driver sends."""

    def __init__(
        self, recording: Recording, clock: Clock, write: Callable[[bytes], None], command: Callable[[Chunk], None]
    ) -> None:
        self._chunks = recording.chunks
        self._is_mid_session = recording.begins == MID_SESSION
        self._clock = clock
        self._write = write
        self._command = command
        self._heard = {">": bytearray(), ">>": bytearray()}
        self._has_heard = asyncio.Event()

    def hear(self, data: bytes, direction: Literal[">", ">>"] = ">") -> None:
        """What the driver sent."""
        self._heard[direction] += data
        self._has_heard.set()

    async def play(self) -> None:
        """Return when the recording is over. Raises RecordingError where the driver departs from it."""
        last_at_s = 0.0
        for number, chunk in enumerate(self._chunks, 1):
            if chunk.direction == ">" or chunk.direction == ">>":
                await self._expect(number, chunk, self._heard[chunk.direction])
            elif chunk.direction == "<<":
                continue  # given when it is asked for, see replay
            else:
                await self._clock.sleep(chunk.at_s - last_at_s)
                if chunk.direction == "<":
                    self._write(chunk.data)
                else:
                    self._command(chunk)
            last_at_s = chunk.at_s
        if not any(self._heard.values()):
            await self._hear_more(QUIET_S)

    async def _expect(self, number: int, chunk: Chunk, heard: bytearray) -> None:
        ends_at_s = self._clock.monotonic() + HOST_WAIT_S_MAX
        while not heard.startswith(chunk.data):
            what = f"chunk {number} of the recording: the host was to send {chunk.data.hex()}"
            if not chunk.data.startswith(heard):
                sent = bytes(heard[:64]).hex()
                if not self._is_mid_session or self._clock.monotonic() > ends_at_s:
                    raise RecordingError(f"{what}; it sent {sent}")
                heard.clear()  # such as what it asks a device at first: nobody recorded the answers
            if not await self._hear_more(HOST_WAIT_S_MAX):
                raise RecordingError(f"{what}; it sent {bytes(heard).hex() or 'nothing'} in {HOST_WAIT_S_MAX} s")
        del heard[: len(chunk.data)]

    async def _hear_more(self, seconds: float) -> bool:
        self._has_heard.clear()
        return await within(self._clock, seconds, self._has_heard.wait())
