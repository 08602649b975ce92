"""The input of a TSPL printer (TSC, Gprinter and compatibles), taken apart: status in one byte or in eight.

Source: Gprinter GP-2120T, TSPL manual, p. 34 (ESC ! ?: one byte, a bit a condition); TSC, TSPL/TSPL2 programming
manual, ESC ! S (STX, four bytes, ETX CR LF); Brother TD-4420TN FBPL reference, p. 98: the bytes that TSC left out.

An 02 alone is "paper jam", and STX begins the answer of eight: which it is shows with the bytes after it, or when the
line is idle, or when the codec was told what was asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.label_commands import LineCommandCodec
from protocols.printers.tspl_host import TSPL

EXPECTED_QUERIES_MAX: Final = 32
"""Questions without an answer that are remembered; a driver asks one at a time."""
TEXT_BYTES_MAX: Final = 64
"""Of a model's name."""


class TsplQuery(StrEnum):
    """Questions of which the answers must be told apart."""

    STATUS = "ESC ! ?"
    EXTENDED = "ESC ! S"
    MODEL = "~!T"


@dataclass(frozen=True, slots=True)
class TsplStatus(CodecEvent):
    """The answer to ESC ! ?. ``state``: its conditions in words, the highest bit first."""

    query: str
    state: str
    value: int
    head_open: bool
    paper_jam: bool
    paper_out: bool
    ribbon_out: bool
    paused: bool
    printing: bool
    cover_open: bool
    temperature_out_of_range: bool


@dataclass(frozen=True, slots=True)
class TsplExtendedStatus(CodecEvent):
    """The answer to ESC ! S. A byte that no manual names is told as ``unknown (5A)``, and counts as an error."""

    query: str
    message: str
    warning: str
    errors: tuple[str, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class TsplText(CodecEvent):
    """The answer to ~!T: the model's name."""

    query: str
    text: str


class TsplStatusCodec:
    """Implements Codec. ``expect`` says what was asked; without it an answer is read by its form."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._is_behind_text = False
        self._expected: deque[TsplQuery] = deque(maxlen=EXPECTED_QUERIES_MAX)

    def expect(self, query: TsplQuery) -> None:
        """This was asked: the next answer is its."""
        self._expected.append(query)

    def forget_expected(self) -> None:
        """No answer is expected any more."""
        self._expected.clear()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._is_behind_text = self._is_behind_text and byte in _TEXT_ENDS
            if not self._is_behind_text:
                self._pending.append(byte)
                self._settle(events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._is_behind_text = False
        if self._pending and self._expects(TsplQuery.MODEL):
            events.append(FrameRejected.of("model without its end", bytes(self._pending)))
            self._pending.clear()
        while self._pending:
            self._take_first(events)
            self._settle(events)
        return events

    def _expects(self, query: TsplQuery) -> bool:
        return bool(self._expected) and self._expected[0] is query

    def _settle(self, events: list[CodecEvent]) -> None:
        """Take from the front what can only be one thing."""
        while self._pending:
            if self._expects(TsplQuery.MODEL):
                if not self._take_model(events):
                    return
            elif self._expects(TsplQuery.STATUS) or not _may_become_frame(self._pending):
                self._take_first(events)
            elif len(self._pending) == _FRAME_BYTES:
                events.append(_extended(bytes(self._pending)))
                self._pending.clear()
                if self._expects(TsplQuery.EXTENDED):
                    self._expected.popleft()
            else:
                return

    def _take_first(self, events: list[CodecEvent]) -> None:
        value = self._pending.pop(0)
        if self._expects(TsplQuery.EXTENDED):
            events.append(FrameRejected.of("no answer to ESC ! S", bytes((value,))))
            return
        events.append(_status(value))
        if self._expects(TsplQuery.STATUS):
            self._expected.popleft()

    def _take_model(self, events: list[CodecEvent]) -> bool:
        end = next((index for index, byte in enumerate(self._pending) if byte in _TEXT_ENDS), None)
        if end is None and len(self._pending) < TEXT_BYTES_MAX:
            return False
        text = bytes(self._pending[:end])
        del self._pending[: len(text) + (end is not None)]
        if end is None:
            events.append(FrameRejected.of(f"model longer than {TEXT_BYTES_MAX} bytes", text))
        elif text:
            events.append(TsplText(TsplQuery.MODEL, text.decode("latin-1")))
            self._is_behind_text = True
        else:
            return True
        self._expected.popleft()
        return True


def _may_become_frame(pending: bytes | bytearray) -> bool:
    return all(byte in allowed for byte, allowed in zip(pending, _FRAME, strict=False))


def _status(value: int) -> TsplStatus:
    words = [word for bit, word in reversed(list(enumerate(STATES))) if value >> bit & 1]
    flags = [bool(value >> bit & 1) for bit in range(8)]
    return TsplStatus("ESC ! ? (1b213f)", " + ".join(words) or "normal", value, *flags)


def _extended(frame: bytes) -> TsplExtendedStatus:
    message, warning, *errors = frame[1:5]
    return TsplExtendedStatus(
        "ESC ! S",
        MESSAGES.get(message, _unknown(message)),
        " + ".join(_words(warning, WARNINGS)) or "normal",
        tuple(word for value, table in zip(errors, ERRORS, strict=True) for word in _words(value, table)),
        frame.hex(),
    )


def _words(value: int, table: dict[int, str]) -> list[str]:
    bits = value & 0x3F
    known = [word for mask, word in table.items() if bits & mask]
    return known + ([_unknown(value)] if bits & ~sum(table) else [])


def _unknown(value: int) -> str:
    return f"unknown ({value:02X})"


STATES: Final = (
    "head opened",
    "paper jam",
    "out of paper",
    "out of ribbon",
    "pause",
    "printing",
    "cover opened",
    "environment temperature over range",
)
"""By bit of the answer to ESC ! ?. TSC uses the highest bit for "other error"."""
MESSAGES: Final = {
    0x40: "normal",
    0x60: "pause",
    0x42: "backing label",
    0x43: "cutting",
    0x45: "printer error",
    0x46: "form feed",
    0x4B: "waiting to press print key",
    0x4C: "waiting to take label",
    0x50: "printing batch",
    0x57: "imaging",
}
WARNINGS: Final = {0x01: "paper low", 0x02: "ribbon low", 0x08: "receive buffer full"}
ERRORS: Final = (
    {
        0x01: "print head overheat",
        0x02: "stepping motor overheat",
        0x04: "print head error",
        0x08: "cutter jam",
        0x10: "insufficient memory",
    },
    {0x01: "paper empty", 0x02: "paper jam", 0x04: "ribbon empty", 0x08: "ribbon jam", 0x20: "print head open"},
)
"""Of the third and the fourth byte, by bit."""

_TEXT_ENDS: Final = b"\r\n\x00"
_LETTER: Final = frozenset(range(0x40, 0x80))
_FRAME: Final = (b"\x02", _LETTER, _LETTER, _LETTER, _LETTER, b"\x03", b"\r", b"\n")
_FRAME_BYTES: Final = len(_FRAME)


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools; ``ready``: it would print now."""
    described = event_json(event)
    if isinstance(event, TsplStatus):
        described["ready"] = event.value in (0x00, 0x20)
    elif isinstance(event, TsplExtendedStatus):
        described["ready"] = not event.errors and event.message in ("normal", "printing batch", "imaging")
    return described


PROTOCOLS = {
    "tspl.status": Decodable(
        device_to_host=Side(
            TsplStatusCodec,
            examples=(b"\x00", b"\x0b", b"\x20", b"\x02@@@@\x03\r\n", b"\x02E@HE\x03\r\n"),
        ),
        host_to_device=Side(
            lambda: LineCommandCodec(TSPL),
            examples=(
                b"\x1b!?",
                b"\x1b!S",
                b"~!T\r\n",
                b"SIZE 60 mm,40 mm\r\n",
                b'TEXT 10,10,"3",0,1,1,"Apples"\r\n',
                b"BITMAP 0,0,1,2,0,\x0d\x0a\r\n",
                b"PRINT 1,1\r\n",
            ),
        ),
        describe=describe,
    )
}
