"""What a host sends to a receipt printer, read: text line by line as it stands on paper, commands with their meaning.

A line is told with its LF, across changes of the code page.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from edge_gateway.contracts.events import CodecEvent
from protocols.printers.command_stream import (
    TEXT_BYTES_MAX,
    CommandStreamCodec,
    CommandTable,
    HostCommand,
    PrintedText,
    Shape,
)


class PrintDataCodec(CommandStreamCodec, ABC):
    """Implements Codec for the bytes of a host; a language says what text and parameters are."""

    character_commands: ClassVar[frozenset[str]]
    """Names of those that change what bytes mean as text; the line goes on."""

    def __init__(self, table: CommandTable) -> None:
        super().__init__(table)
        self._line = ""
        self._line_bytes = bytearray()

    @abstractmethod
    def text_of(self, data: bytes) -> str:
        """In the code page that is chosen."""

    @abstractmethod
    def meaning_of(self, shape: Shape, parameters: bytes, data: bytes) -> Mapping[str, Any]:
        """Of a command, by name."""

    @abstractmethod
    def choose(self, name: str, parameters: bytes) -> None:
        """Follow what bytes mean as text; told every command."""

    def flush(self) -> Sequence[CodecEvent]:
        told = list(super().flush())
        line: list[CodecEvent] = []
        self._end_line(line)
        return line + told

    def _end_text(self, events: list[CodecEvent]) -> None:
        """A run of characters ends, its line perhaps not."""
        if self._text:
            data = bytes(self._text)
            self._text.clear()
            self._line += self.text_of(data)
            self._line_bytes += data
            if len(self._line_bytes) >= TEXT_BYTES_MAX:
                self._end_line(events)

    def _tell(self, events: list[CodecEvent]) -> None:
        name = self._shape.name
        if name == "line_feed" and self._line_bytes:
            self._line += "\n"
            self._line_bytes += b"\n"
            self._end_line(events)
            self._forget()
            return
        if name not in self.character_commands:
            self._end_line(events)
        super()._tell(events)

    def _command(self, shape: Shape, parameters: bytes, data: bytes) -> HostCommand:
        command = super()._command(shape, parameters, data)
        self.choose(shape.name, parameters)
        is_short = shape.data_bytes is None and shape.end is None
        number = () if shape.number is None or command.command.endswith(f" {shape.number}") else (shape.number,)
        numbers = (*number, *(parameters if is_short else ()))
        return HostCommand(
            command.command,
            command.name,
            command.n,
            command.parameters,
            command.data,
            command.data_bytes,
            command.process_id,
            " ".join((command.command, *map(str, numbers))),
            self.meaning_of(shape, parameters, data),
        )

    def _end_line(self, events: list[CodecEvent]) -> None:
        if self._line_bytes:
            events.append(PrintedText(self._line, self._line_bytes.hex()))
            self._line = ""
            self._line_bytes.clear()
