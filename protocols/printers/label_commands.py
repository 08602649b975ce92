"""What a host sends to a label printer, taken apart, for recordings and tools: one event a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected

PARAMETER_BYTES_KEPT: Final = 256
"""Of one command; the rest (a picture) is only counted."""
LINE_BYTES_MAX: Final = 4096
"""Of one line without its end, pictures apart: a field has at most 255 characters in any of these languages."""


@dataclass(frozen=True, slots=True)
class LabelCommand(CodecEvent):
    """One command. ``parameters``: at most the first 256 bytes; ``length``: of all of them. ``query``: it asks."""

    command: str
    name: str
    parameters: str | None = None
    length: int | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """How the commands of a line-based language are told apart.

    ``immediate``: sequences that are carried out where they stand, without a line's end, to (command, name).
    ``words``: command to name; the longest word that a line begins with is its command.
    ``binary``: bytes that follow the beginning of a line which is such a command with its numbers; None: not yet.
    ``raw_heads``: beginnings of lines to how many bytes follow of which any may look like the end of the line.
    """

    words: Mapping[str, str]
    immediate: Mapping[bytes, tuple[str, str]]
    binary: Callable[[bytes], int | None]
    queries: frozenset[str] = frozenset()
    raw_heads: Mapping[bytes, int] = field(default_factory=dict)


class LineCommandCodec:
    """Implements Codec for host to device in a language of lines."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._line = bytearray()
        self._binary_left = 0
        self._binary_length = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        position = 0
        while position < len(data):
            if self._binary_left:
                taken = min(self._binary_left, len(data) - position)
                self._binary_left -= taken
                position += taken
                continue
            self._take(data[position], events)
            position += 1
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._binary_left = 0
        self._end_line(events)
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if byte in b"\r\n" and not self._is_in_raw_head():
            self._end_line(events)
            return
        self._line.append(byte)
        line = bytes(self._line)
        if (found := self._language.immediate.get(line)) is not None:
            command, name = found
            events.append(LabelCommand(command, name, query=command if command in self._language.queries else None))
            self._line.clear()
        elif not self._binary_length and (length := self._language.binary(line)):
            self._binary_left = self._binary_length = length
        elif len(line) > LINE_BYTES_MAX:
            events.append(FrameRejected.of(f"line longer than {LINE_BYTES_MAX} bytes", line))
            self._line.clear()
            self._binary_length = 0

    def _is_in_raw_head(self) -> bool:
        line = bytes(self._line)
        return any(
            line.startswith(head) and len(line) < len(head) + size for head, size in self._language.raw_heads.items()
        )

    def _end_line(self, events: list[CodecEvent]) -> None:
        line, length = bytes(self._line), self._binary_length
        self._line.clear()
        self._binary_length = 0
        if not line:
            return
        text = line.decode("latin-1")
        for size in range(min(len(text), max(map(len, self._language.words))), 0, -1):
            if (name := self._language.words.get(text[:size])) is not None:
                parameters = text[size:].lstrip(" ")
                events.append(
                    LabelCommand(
                        text[:size],
                        name,
                        parameters[:PARAMETER_BYTES_KEPT] or None,
                        (len(parameters) + length) or None,
                        text[:size] if text[:size] in self._language.queries else None,
                    )
                )
                return
        events.append(FrameRejected.of("unknown command", line))
