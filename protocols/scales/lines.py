"""Scales that talk in lines of text: bytes to lines, and a line's number to decimal text.

What protects a weight in a protocol without checksum is the form of its line: each codec matches the whole line, the
width of the number included (``weight_chars``), so that a lost or doubled byte is no other weight. Parity helps where
a port delivers it (7E1 or 7O1 read as 8N1 has it in bit 7).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scales.line_events import TRADE_UNITS

CR, LF = 0x0D, 0x0A
LINE_BYTES_MAX = 128
"""The longest line known is an MT-SICS answer with a name of 60 characters."""

TARE_END = 10**6
"""In any unit: no scale of a store weighs so much."""


class LineOptions(BaseModel):
    """Settings that every scale with lines has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: str = Field("kg", min_length=1, max_length=5, description="Unit shown until the scale has sent one.")


class LineAssembler:
    """Cuts bytes into lines. CR, LF and CR LF end one; bit 7 does not count, unless ``is_masked`` is False."""

    def __init__(self, *, is_masked: bool = True, bytes_max: int = LINE_BYTES_MAX) -> None:
        self._mask = 0x7F if is_masked else 0xFF
        self._bytes_max = bytes_max
        self._buffer = bytearray()
        self._is_overlong = False

    def feed(self, data: bytes) -> Iterator[bytes | FrameRejected]:
        """Lines without their ends, and what was too long to be one; empty lines are left out."""
        for byte in data:
            if byte & self._mask in (CR, LF) and not self._is_data():
                yield from self._end()
            elif len(self._buffer) == self._bytes_max:
                self._is_overlong = True
                yield from self._rejected(f"line longer than {self._bytes_max} bytes")
                self._buffer.append(byte)
            else:
                self._buffer.append(byte)

    def _is_data(self) -> bool:
        """A byte that looks like an end is none at this place. Overridden for lines with bytes that are no text."""
        return False

    def flush(self) -> Iterator[FrameRejected]:
        """The line has been idle: half a line is none."""
        yield from self._rejected("line went idle inside a line")
        self._is_overlong = False

    def _end(self) -> Iterator[bytes | FrameRejected]:
        if self._is_overlong:
            yield from self._rejected("rest of an overlong line")
            self._is_overlong = False
        elif self._buffer:
            line = bytes(self._buffer)
            self._buffer.clear()
            yield line

    def _rejected(self, reason: str) -> Iterator[FrameRejected]:
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            yield FrameRejected.of(reason, data)


class LineCodec(ABC):
    """A codec of one line per answer. Subclasses read a line; None means that it is no line of the protocol."""

    assembler = LineAssembler
    is_masked = True
    bytes_max = LINE_BYTES_MAX

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._assembler = self.assembler(is_masked=self.is_masked, bytes_max=self.bytes_max)

    @property
    def unit(self) -> str:
        return self._unit

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [event for line in self._assembler.feed(data) if (event := self._read(line)) is not None]

    def flush(self) -> Sequence[CodecEvent]:
        return list(self._assembler.flush())

    @abstractmethod
    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        """``text``: the line in ASCII, bit 7 taken off; ``line``: its bytes as they came."""

    def is_whole(self, line: bytes) -> bool:
        """Nothing in bit 7 contradicts the rest. Overridden where a line carries bytes that are no text."""
        return is_parity_whole(line)

    def _read(self, line: bytes | FrameRejected) -> CodecEvent | None:
        if isinstance(line, FrameRejected):
            return line
        if not self.is_whole(line):
            return FrameRejected.of("parity", line)
        text = bytes(byte & 0x7F for byte in line).decode("ascii")
        if not text.strip():
            return None
        return self.understand(text, line) or FrameRejected.of("no line of the protocol", line)


def is_parity_whole(data: bytes) -> bool:
    """Bit 7 carries nothing, a mark, or one parity (even or odd) all through ``data``."""
    is_high = {byte >> 7 for byte in data}
    return len(is_high) <= 1 or len({byte.bit_count() & 1 for byte in data}) == 1


NUMBER = r"(?P<sign>[+-]?) *(?P<digits>\d+(?:\.\d*)?|\.\d+)"
"""A number as scales send it: a sign, perhaps apart from its digits, and a point that may stand at either end."""


def decimal_text(sign: str, digits: str) -> str:
    """The number without padding: leading zeros, a plus, the minus of zero, a point with nothing behind it."""
    whole, _, decimals = digits.partition(".")
    text = (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")
    return f"-{text}" if sign == "-" and text.strip("0.") else text


def tare_text(weight: Decimal, chars_max: int) -> str:
    """A tare as a host sends it. Raises ValueError for one that no scale can take."""
    if not (weight.is_finite() and 0 < weight < TARE_END) or len(f"{weight:f}") > chars_max:
        raise ValueError(f"tare {weight}: expected more than 0, with at most {chars_max} characters")
    return f"{weight:f}"


def unit_text(unit: str) -> str:
    """Units of weight that are sold in have one spelling; others stay as sent."""
    bare = unit.strip()
    return bare.lower() if bare.lower() in TRADE_UNITS else bare


def is_width(text: str, chars: int | None) -> bool:
    """``text`` is as wide as the protocol says; None: the width is not known."""
    return chars is None or len(text) == chars
