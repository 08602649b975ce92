"""How a stream of bytes is cut into frames, as data: the ``framing`` of a profile.

::

    [settings.framing]
    kind = "start_end"
    start = "\\u0002"
    end = "\\u0003"
    tail_bytes = 1
    checksum = { kind = "xor", covers_from = 1, covers_to = -1, at = -1 }

Bytes are written as text of which each character is one byte (U+0000 to U+00FF).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from protocols.declarative.checksums import ChecksumKind, checksum

FRAME_BYTES_LIMIT = 65536
"""No serial device has longer frames; what is longer is noise and must not fill the memory."""


def _octets(text: str) -> str:
    if any(ord(character) > 0xFF for character in text):
        raise ValueError("each character stands for one byte: U+0000 to U+00FF")
    return text


Octets = Annotated[str, AfterValidator(_octets)]
"""Bytes as text: a carriage return is ``\\r``, STX is ``\\u0002``."""
SomeOctets = Annotated[str, Field(min_length=1, max_length=16), AfterValidator(_octets)]


def to_bytes(octets: str) -> bytes:
    """The bytes that the text stands for."""
    return octets.encode("latin-1")


class Part(BaseModel):
    """A table of a profile: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Checksum(Part):
    """Where the check bytes stand in a whole frame (start, end and tail included), and what they cover.

    Positions count as in a Python slice: from 0, negative ones from the end.
    """

    kind: ChecksumKind = Field(description="xor, sum, sum_complement, crc16_ccitt, crc16_xmodem or crc16_modbus.")
    at: int = Field(-1, description="First check byte.")
    covers_from: int = Field(0, description="First byte that is covered.")
    covers_to: int = Field(-1, description="First byte that is not covered any more.")
    encoding: Literal["binary", "hex"] = Field("binary", description="hex: two characters 0-9 A-F for each byte.")
    mask: int = Field(0xFF, ge=1, le=0xFF, description="Bits that are compared: 127 for seven data bits.")

    def holds(self, frame: bytes) -> bool:
        """The check bytes are those that belong to the frame."""
        expected = checksum(self.kind, frame[self.covers_from : self.covers_to])
        if self.encoding == "hex":
            expected = expected.hex().upper().encode()
        at = self.at if self.at >= 0 else len(frame) + self.at
        found = frame[max(0, at) : max(0, at) + len(expected)]
        found = found.upper() if self.encoding == "hex" else found
        return len(found) == len(expected) and all(
            one & self.mask == other & self.mask for one, other in zip(found, expected, strict=True)
        )


class _Framing(Part):
    checksum: Checksum | None = Field(None, description="Frames in which it is wrong are rejected.")
    mask: int = Field(0xFF, ge=1, le=0xFF, description="Bits kept of each byte: 127 drops the parity bit.")
    frame_bytes_max: int = Field(256, ge=1, le=FRAME_BYTES_LIMIT, description="Longer frames are rejected as noise.")


class EndFraming(_Framing):
    """Frames that end with a mark (newline): everything up to it is the frame. Empty frames are none."""

    kind: Literal["end"]
    end: tuple[SomeOctets, ...] = Field(("\r", "\n"), min_length=1, max_length=4, description="Any of these ends it.")

    @model_validator(mode="after")
    def _ends_are_told_apart(self) -> Self:
        for one in self.end:
            if any(other != one and other.startswith(one) for other in self.end):
                raise ValueError(f"end {one!r} begins another end, which would never be seen; leave the longer one out")
        return self


class StartEndFraming(_Framing):
    """Frames between two marks; what is outside is noise. A new start within a frame begins it anew."""

    kind: Literal["start_end"]
    start: SomeOctets
    end: SomeOctets
    tail_bytes: int = Field(0, ge=0, le=8, description="Bytes after the end that belong to the frame (its checksum).")


class FixedFraming(_Framing):
    """Frames of one length. Without a start only a quiet line puts them back in step."""

    kind: Literal["fixed"]
    length: int = Field(ge=1, le=FRAME_BYTES_LIMIT, description="Bytes of a whole frame, its start included.")
    start: SomeOctets | None = None

    @model_validator(mode="after")
    def _start_fits(self) -> Self:
        if self.length > self.frame_bytes_max:
            raise ValueError(f"length {self.length}: more than frame_bytes_max {self.frame_bytes_max}")
        if self.start is not None and len(self.start) > self.length:
            raise ValueError(f"start has {len(self.start)} bytes, a frame only {self.length}")
        return self


class LengthFraming(_Framing):
    """Frames that say their length themselves."""

    kind: Literal["length"]
    start: SomeOctets | None = None
    length_at: int = Field(ge=0, le=64, description="Position of the length in the frame, its start included.")
    length_bytes: int = Field(1, ge=1, le=4)
    encoding: Literal["big", "little", "decimal", "hex"] = Field("big", description="Binary, or as characters.")
    adds: int = Field(0, ge=-16, le=64, description="Bytes of a whole frame beyond the number it says.")

    @property
    def head_bytes(self) -> int:
        """What must be there before the length is known."""
        return max(self.length_at + self.length_bytes, len(self.start or ""))

    def length_of(self, head: bytes) -> int | None:
        """Bytes of the whole frame; None: the bytes at its place are no length that a frame could have."""
        field = head[self.length_at : self.length_at + self.length_bytes]
        match self.encoding:
            case "big" | "little" as order:
                said = int.from_bytes(field, order)
            case "decimal" | "hex" as digits:
                allowed = b"0123456789" if digits == "decimal" else b"0123456789abcdefABCDEF"
                if not all(byte in allowed for byte in field):
                    return None
                said = int(field, 10 if digits == "decimal" else 16)
        length = said + self.adds
        return length if self.head_bytes <= length <= self.frame_bytes_max else None


class IdleFraming(_Framing):
    """Frames without any mark: a quiet line ends them."""

    kind: Literal["idle"]


Framing = Annotated[
    EndFraming | StartEndFraming | FixedFraming | LengthFraming | IdleFraming, Field(discriminator="kind")
]
