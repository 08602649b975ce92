"""How a scale hears its host: a line up to CR, or letter by letter."""

from __future__ import annotations

from abc import ABC, abstractmethod

from simulators.scale_load import ScaleLoad

HEARD_BYTES_MAX = 64
"""A scale's own buffer is no longer."""


class HearsLines(ABC):
    """``obey`` gets each line without its end. ``is_streaming``: it has been told to send by itself."""

    def __init__(self, load: ScaleLoad) -> None:
        self.load = load
        self.is_streaming = False
        self._heard = bytearray()

    @abstractmethod
    def obey(self, command: str) -> list[bytes]:
        """The answers to a command."""

    @abstractmethod
    def line(self) -> bytes:
        """The weight as it is now."""

    def hear(self, data: bytes) -> list[bytes]:
        answers: list[bytes] = []
        for byte in data:
            if byte & 0x7F == 0x0D:
                command = bytes(heard & 0x7F for heard in self._heard).decode("ascii").strip("\n")
                self._heard.clear()
                answers += self.obey(command)
            elif byte & 0x7F != 0x0A and len(self._heard) < HEARD_BYTES_MAX:
                self._heard.append(byte)
        return answers

    def stream(self) -> bytes | None:
        return self.line() if self.is_streaming else None


class HearsLetters(HearsLines):
    """Each byte is a command."""

    def hear(self, data: bytes) -> list[bytes]:
        return [answer for byte in data for answer in self.obey(chr(byte & 0x7F))]
