"""What the languages of lines have in common: a line, its quoted texts and numbers, and pictures of raw bytes in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from simulators.label_machine import LabelMachine
from simulators.label_parts import PrintedLabel, SequenceError

LINE_BYTES_MAX = 4096
NOT_UNDERSTOOD = "no command that is known, or its parameters are not"


class LineParser(ABC):
    """Cuts lines. A subclass obeys one, and says of a beginning how many raw bytes follow it."""

    encoding = "cp1252"

    def __init__(self, machine: LabelMachine) -> None:
        self.machine = machine
        self.label = PrintedLabel()
        self._line = bytearray()
        self._raw = bytearray()
        self._raw_left = 0

    @property
    def is_in_middle(self) -> bool:
        return bool(self._line) or bool(self._raw_left) or bool(self.label.items)

    @abstractmethod
    def obey(self, line: str, raw: bytes) -> None:
        """One command. Raises SequenceError."""

    def raw_bytes(self, line: bytes) -> int:
        """Raw bytes that follow this beginning of a line; 0: none, or not yet."""
        return 0

    def at_once(self, line: bytes) -> Callable[[], None] | None:
        """What these bytes do although their line is not whole."""
        return None

    def feed(self, data: bytes) -> None:
        for byte in data:
            if self._raw_left:
                self._raw.append(byte)
                self._raw_left -= 1
            elif byte in b"\r\n":
                self._end()
            else:
                self._line.append(byte)
                self._look()

    def _look(self) -> None:
        line = bytes(self._line)
        if (action := self.at_once(line)) is not None:
            self._line.clear()
            action()
        elif not self._raw:
            self._raw_left = self.raw_bytes(line)
            if len(line) > LINE_BYTES_MAX:
                self.machine.error("a line without end")
                self._line.clear()

    def _end(self) -> None:
        line, raw = bytes(self._line), bytes(self._raw)
        self._line.clear()
        self._raw.clear()
        if not line:
            return
        try:
            self.obey(line.decode("latin-1" if raw else self.encoding), raw)
        except SequenceError as error:
            self.machine.error(f"{line[:40]!r}: {error}")
        except (ValueError, IndexError, KeyError):
            self.machine.error(f"{line[:40]!r}: {NOT_UNDERSTOOD}")


def arguments(text: str, quote: str, unescape: Callable[[str, int], tuple[str, int]]) -> list[str]:
    """Cut at commas outside of quotes. ``unescape``: what stands at a place in a quoted text, and how long it is."""
    found, current, index, is_quoted = [], "", 0, False
    while index < len(text):
        character = text[index]
        if is_quoted:
            part, size = unescape(text, index)
            if size:
                current += part
                index += size
                continue
            is_quoted = False
        elif character == quote:
            is_quoted = True
        elif character == ",":
            found.append(current)
            current = ""
        else:
            current += character
        index += 1
    if is_quoted:
        raise SequenceError("a quoted text without its end")
    return [*found, current]
