"""Host to scale: commands as lines or as single letters, from a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scales.line_events import HostCommandRead
from protocols.scales.lines import LineAssembler

Patterns = Sequence[tuple[re.Pattern[str], str]]
"""Commands with a value: the named groups of the pattern are told beside the command."""


class LineCommandCodec:
    """Lines, each a command of ``names`` or one that a pattern matches."""

    def __init__(self, names: Mapping[str, str], patterns: Patterns = ()) -> None:
        self._names = names
        self._patterns = patterns
        self._assembler = LineAssembler()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [self._read(line) for line in self._assembler.feed(data)]

    def flush(self) -> Sequence[CodecEvent]:
        return list(self._assembler.flush())

    def _read(self, line: bytes | FrameRejected) -> CodecEvent:
        if isinstance(line, FrameRejected):
            return line
        text = bytes(byte & 0x7F for byte in line).decode("ascii")
        if (name := self._names.get(text)) is not None:
            return HostCommandRead(name, {"text": text.strip()})
        for pattern, name in self._patterns:
            if (match := pattern.fullmatch(text)) is not None:
                values = {key: value for key, value in match.groupdict().items() if value is not None}
                return HostCommandRead(name, {"text": text, **values})
        return FrameRejected.of("unknown command", line)


class LetterCommandCodec:
    """Single letters; a line end between them says nothing."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [self._read(byte) for byte in data if byte & 0x7F not in (0x0D, 0x0A)]

    def flush(self) -> Sequence[CodecEvent]:
        return ()

    def _read(self, byte: int) -> CodecEvent:
        letter = chr(byte & 0x7F)
        if (name := self._names.get(letter)) is None:
            return FrameRejected.of("unknown command", bytes((byte,)))
        return HostCommandRead(name, {"text": letter})
