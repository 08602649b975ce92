"""What a host sends to a customer display, taken apart by the table of its dialect, in the words of its manual."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.printers.command_stream import (
    CommandStreamCodec,
    CommandTable,
    HostCommand,
    PrintedText,
    Shape,
)

CR: Final = b"\r"
Words = str | Callable[[bytes], str]
"""What a command does; from its parameters, where they decide."""


@dataclass(frozen=True, slots=True)
class DisplayedText(CodecEvent):
    """Characters for the screen, as bytes: what they mean is the code page's to say."""

    text: str
    hex: str
    call: str | None = None


@dataclass(frozen=True, slots=True)
class DisplayCommand(CodecEvent):
    """``command``: as the manual writes it, with its parameters and what it does: ``US X 4 brightness 100 %``.

    ``name``: one for what every dialect can. ``call``: as the library that the published bytes are of calls it.
    """

    command: str
    name: str
    parameters: tuple[int, ...] = ()
    text: str | None = None
    call: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One command of a dialect. ``size``: of its parameters; ``takes_text``: up to CR."""

    mnemonic: str
    name: str
    words: Words
    size: int = 0
    takes_text: bool = False
    more: Callable[[bytes], int] | None = None
    counted: Callable[[bytes], int] | None = None

    def shape(self) -> Shape:
        return Shape(
            self.name,
            self.size,
            self.counted,
            end=CR if self.takes_text else None,
            is_text=self.takes_text,
            more=self.more,
            command=self.mnemonic,
        )


class DisplayTable:
    """The commands of a dialect by their first bytes."""

    def __init__(self, entries: Mapping[bytes, Entry]) -> None:
        self.commands = CommandTable({prefix: entry.shape() for prefix, entry in entries.items()})
        self._by_name = {(entry.mnemonic, entry.name): entry for entry in entries.values()}

    def find(self, command: HostCommand) -> Entry:
        return self._by_name[(command.command, command.name)]


class DisplayCodec:
    """Implements Codec for host to device; a dialect's own gives its table."""

    def __init__(self, table: DisplayTable) -> None:
        self._table = table
        self._stream = CommandStreamCodec(table.commands)

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [self._told(event) for event in self._stream.feed(data)]

    def flush(self) -> Sequence[CodecEvent]:
        return [self._told(event) for event in self._stream.flush()]

    def _told(self, event: CodecEvent) -> CodecEvent:
        if isinstance(event, PrintedText):
            return DisplayedText(event.text, event.hex)
        if isinstance(event, HostCommand):
            return spell(self._table.find(event), event)
        return event if isinstance(event, FrameRejected) else FrameRejected.of("no command", b"")


def spell(entry: Entry, command: HostCommand) -> DisplayCommand:
    """In the manual's words: the mnemonic, the parameters as numbers, the text in quotes, what it does."""
    parameters = _parameters(command)
    numbers = [str(number) for number in parameters]
    text = [f'"{command.data}"', "CR"] if entry.takes_text else []
    words = entry.words if isinstance(entry.words, str) else entry.words(parameters)
    spelled = " ".join([entry.mnemonic, *numbers, *text, words]).rstrip()
    return DisplayCommand(spelled, entry.name, tuple(parameters), command.data if entry.takes_text else None)


def _parameters(command: HostCommand) -> bytes:
    if command.parameters is not None:
        return bytes.fromhex(command.parameters)
    return b"" if command.n is None else bytes((command.n,))


def cursor_to(parameters: bytes) -> str:
    return f"cursor to column {parameters[0]} line {parameters[1]}"


def on_or_off(what: str) -> Callable[[bytes], str]:
    """For a parameter whose last bit switches: 1 or "1" is on."""
    return lambda parameters: f"{what} {'on' if parameters[0] & 1 else 'off'}"


def cell_of(parameters: bytes) -> str:
    """Position 0 to 39 counts through both lines of twenty."""
    line, column = divmod(parameters[0], 20)
    return f"cursor to column {column + 1} line {line + 1}"
