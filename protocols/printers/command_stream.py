"""What a host sends to a printer, taken apart by a table of commands: text, commands with their parameters, data.

Printer languages have no framing: a command's length is known from its first bytes only. A table gives each command's
``Shape``; the bytes of pictures are counted, and not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected

TEXT_BYTES_MAX: Final = 1024
"""Of one run of text; a longer one is told in pieces."""
DATA_KEPT_BYTES_MAX: Final = 7168
"""Of a command's data: the longest QR code (7,089 digits). Of a picture only the first bytes are kept."""
PARAMETERS_SHOWN_MAX: Final = 64
"""Data of a command that is no longer is shown as its parameters."""
TERMINATED_BYTES_MAX: Final = 512
"""Data that ends with a mark, and has no mark for so long, is noise."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How long a command is. ``size``: of its parameters, without data. ``data_bytes``: of the data behind them, from
    the parameters. ``end``: what ends the data instead. ``is_text``: the data is worth showing."""

    name: str
    size: int = 0
    data_bytes: Callable[[bytes], int] | None = None
    end: bytes | None = None
    is_text: bool = False
    more: Callable[[bytes], int] | None = None
    """Parameters beyond ``size``, from these."""
    command: str | None = None
    """As manuals write it, where its bytes do not tell."""
    number: int | None = None
    """A parameter that is among the command's first bytes."""


@dataclass(frozen=True, slots=True)
class PrintedText(CodecEvent):
    """A run of characters, as bytes: what they mean is the code page's to say."""

    text: str
    hex: str


@dataclass(frozen=True, slots=True)
class HostCommand(CodecEvent):
    """One command, as manuals write it. ``n``: its only parameter; ``parameters``: all of them, hexadecimal."""

    command: str
    name: str
    n: int | None = None
    parameters: str | None = None
    data: str | None = None
    data_bytes: int | None = None
    process_id: str | None = None
    written: str | None = None
    """With its parameters as decimal numbers: ``ESC d 6``."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the parameters mean, where the language's codec knows it."""


class CommandTable:
    """Commands by their first bytes, the longest first. ``tell`` makes the event of a command."""

    def __init__(self, shapes: Mapping[bytes, Shape]) -> None:
        self.shapes = shapes
        self.sizes = sorted({len(prefix) for prefix in shapes}, reverse=True)
        self.firsts = frozenset(prefix[0] for prefix in shapes) | frozenset(range(0x20)) | {0x7F}
        self.beginnings = frozenset(prefix[:size] for prefix in shapes for size in range(1, len(prefix)))

    def find(self, data: bytes) -> bytes | None:
        """The command that the data begins with."""
        return next((data[:size] for size in self.sizes if data[:size] in self.shapes), None)


class CommandStreamCodec:
    """Implements Codec for the bytes of a host."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table
        self._text = bytearray()
        self._head = bytearray()
        self._prefix: bytes | None = None
        self._data = bytearray()
        self._data_left: int | None = None
        self._data_bytes = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        position = 0
        while position < len(data):
            if self._data_left is not None and self._data_left > 0 and self._shape.end is None:
                position += self._skip(data, position)
                self._finish_data(events)
            else:
                self._take(data[position], events)
                position += 1
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._end_text(events)
        if self._head:
            held = bytes(self._head + self._data)
            rejected = FrameRejected.of("command ended in the middle", held)
            events.append(FrameRejected(rejected.reason, rejected.data, len(self._head) + self._data_bytes))
        self._forget()
        return events

    @property
    def _shape(self) -> Shape:
        assert self._prefix is not None
        return self._table.shapes[self._prefix]

    def _skip(self, data: bytes, position: int) -> int:
        """Data of known length, as much as there is at once."""
        assert self._data_left is not None
        count = min(self._data_left, len(data) - position)
        room = max(0, DATA_KEPT_BYTES_MAX - len(self._data))
        self._data += data[position : position + min(count, room)]
        self._data_left -= count
        self._data_bytes += count
        return count

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if self._data_left is not None:
            self._take_terminated(byte, events)
        elif self._head or byte in self._table.firsts:
            self._end_text(events)
            self._head.append(byte)
            self._parse(events)
        else:
            self._text.append(byte)
            if len(self._text) == TEXT_BYTES_MAX:
                self._end_text(events)

    def _parse(self, events: list[CodecEvent]) -> None:
        """Look whether the head is a whole command by now."""
        head = bytes(self._head)
        if head in self._table.beginnings:
            return
        prefix = self._table.find(head)
        if prefix is None:
            self._forget()
            events.append(FrameRejected.of("no command", head[:1]))
            # What stood behind its first byte may be text, or begin another one.
            for byte in head[1:]:
                self._take(byte, events)
            return
        shape = self._table.shapes[prefix]
        size = len(prefix) + shape.size
        if len(head) < size:
            return
        if shape.more is not None:
            size += shape.more(head[len(prefix) :])
            if len(head) < size:
                return
        self._prefix = prefix
        if shape.end is not None:
            self._data_left = 0
        elif shape.data_bytes is not None:
            self._data_left = shape.data_bytes(head[len(prefix) :])
            self._finish_data(events)
        else:
            self._tell(events)

    def _take_terminated(self, byte: int, events: list[CodecEvent]) -> None:
        self._data.append(byte)
        self._data_bytes += 1
        end = self._shape.end
        assert end is not None
        if self._data.endswith(end):
            del self._data[-len(end) :]
            self._tell(events)
        elif len(self._data) == TERMINATED_BYTES_MAX:
            held = bytes(self._head + self._data)
            self._forget()
            events.append(FrameRejected.of(f"command without its end after {TERMINATED_BYTES_MAX} bytes", held))

    def _finish_data(self, events: list[CodecEvent]) -> None:
        if self._data_left == 0:
            self._tell(events)

    def _tell(self, events: list[CodecEvent]) -> None:
        assert self._prefix is not None
        events.append(self._command(self._shape, bytes(self._head[len(self._prefix) :]), bytes(self._data)))
        self._forget()

    def _command(self, shape: Shape, parameters: bytes, data: bytes) -> HostCommand:
        """The event of a command that is there as a whole."""
        assert self._prefix is not None
        is_counted = shape.data_bytes is not None
        shown = data if is_counted and self._data_bytes <= PARAMETERS_SHOWN_MAX else parameters
        n = parameters[0] if len(parameters) == 1 and not is_counted else shape.number
        process_id = data[2:].decode("latin-1") if data.startswith(b"00") and len(data) == 6 else None
        name = "request_process_id" if shape.name == "request_response" and process_id else shape.name
        return HostCommand(
            shape.command or spelled(self._prefix),
            name,
            n=n,
            parameters=shown.hex() if len(shown) > 1 else None,
            data=data.decode("latin-1") if shape.is_text else None,
            data_bytes=self._data_bytes if is_counted else None,
            process_id=process_id if name == "request_process_id" else None,
        )

    def _end_text(self, events: list[CodecEvent]) -> None:
        if self._text:
            events.append(PrintedText(bytes(self._text).decode("latin-1"), self._text.hex()))
            self._text.clear()

    def _forget(self) -> None:
        self._head.clear()
        self._data.clear()
        self._prefix, self._data_left, self._data_bytes = None, None, 0


@dataclass(frozen=True, slots=True)
class Outline:
    """Of a print. ``ends``: offsets behind each command and each run of text. ``marks``: of these, where a line begins
    and something visible stands somewhere behind, before the next of ``marks``. ``visible_end``: behind the last thing
    that can be seen on paper."""

    ends: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()
    visible_end: int = 0


def outline(data: bytes, table: CommandTable, feeds: frozenset[str], visible: frozenset[str]) -> Outline:
    """``feeds``: names of commands that end a line; ``visible``: of those that put something on paper, beside text.
    What is no command counts as one byte."""
    ends: list[int] = []
    marks: list[int] = []
    line_start = position = visible_end = 0
    while position < len(data):
        if data[position] in table.firsts:
            length, name = _measure(data, position, table)
        else:
            length, name = _text_bytes(data, position, table), "text"
        is_visible = name == "text" or name in visible
        if is_visible and line_start and marks[-1:] != [line_start]:
            marks.append(line_start)
        position += length
        ends.append(position)
        if is_visible:
            visible_end = position
        if name in feeds or name in visible:
            line_start = position
    return Outline(tuple(ends), tuple(marks), visible_end)


def _text_bytes(data: bytes, position: int, table: CommandTable) -> int:
    end = position
    while end < len(data) and data[end] not in table.firsts:
        end += 1
    return end - position


def _measure(data: bytes, position: int, table: CommandTable) -> tuple[int, str]:
    """Length and name of the command at a position; what is cut short ends with the data."""
    rest = len(data) - position
    prefix = table.find(data[position : position + max(table.sizes)])
    if prefix is None:
        return 1, "unknown"
    shape = table.shapes[prefix]
    size = len(prefix) + shape.size
    parameters = data[position + len(prefix) : position + size]
    if len(parameters) < shape.size:
        return rest, shape.name
    if shape.more is not None:
        size += shape.more(parameters)
    if shape.end is not None:
        end = data.find(shape.end, position + size)
        return (rest if end < 0 else end + len(shape.end) - position), shape.name
    if shape.data_bytes is not None:
        size += shape.data_bytes(parameters)
    return min(size, rest), shape.name


_NAMES: Final = (
    *("NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI"),
    *("DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US", "SP"),
)


def spelled(command: bytes) -> str:
    """``ESC GS a`` for 1B 1D 61."""
    return " ".join(_NAMES[byte] if byte <= 0x20 else chr(byte) for byte in command)


def word(parameters: bytes, at: int) -> int:
    """Two bytes, the low one first."""
    return int.from_bytes(parameters[at : at + 2], "little")
