"""What a receipt printer acts on the moment it is received, wherever it stands: DLE EOT, DLE ENQ, DLE DC4."""

from __future__ import annotations

from collections.abc import Callable

CLEAR_PARAMETERS = bytes.fromhex("01031401060208")

_LENGTHS = {
    b"\x10\x04\x07": 4,
    b"\x10\x04\x08": 4,
    b"\x10\x04\x12": 4,
    b"\x10\x04": 3,
    b"\x10\x05": 3,
    b"\x10\x14\x01": 5,
    b"\x10\x14\x02": 5,
    b"\x10\x14\x03": 8,
    b"\x10\x14\x07": 4,
    b"\x10\x14\x08": 10,
}
"""A longer beginning before the shorter one of it."""


class RealTimeFilter:
    """Takes real-time commands out of the received bytes and hands the rest on. ``act`` gets each whole command."""

    def __init__(self, act: Callable[[bytes], None], receive: Callable[[int], None]) -> None:
        self._act = act
        self._receive = receive
        self._held = bytearray()

    def feed(self, byte: int) -> None:
        """One received byte."""
        self._held.append(byte)
        while self._held:
            held = bytes(self._held)
            length = next((length for start, length in _LENGTHS.items() if held.startswith(start)), None)
            if length is not None:
                if len(held) == length:
                    self._held.clear()
                    self._act(held)
                return
            if any(start.startswith(held) for start in _LENGTHS):
                return
            del self._held[:1]
            self._receive(held[0])

    @property
    def held_bytes(self) -> int:
        """Of what may become a command, and is none yet."""
        return len(self._held)

    def clear(self) -> None:
        """Forget a command that was begun."""
        self._held.clear()
