"""RSM inside SSI (opcode 80): the attributes of a scanner, such as its model, serial number and battery.

``[length, 2][command][status]`` and, in the answer to a query, ``[number, 2][type][properties]`` and the value of each
attribute, FFFF behind the last. Source: Zebra DS457 product reference guide, "Encapsulation of RSM commands over SSI",
and attribute data dictionary 72E-149786.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

GET_NUMBERS: Final = 1
GET: Final = 2
SET: Final = 5
STORE: Final = 6
PACKET_SIZE: Final = 0x20
COMMANDS: Final = {
    GET_NUMBERS: "attribute_get_numbers",
    GET: "attribute_get",
    3: "attribute_get_next",
    4: "attribute_get_offset",
    SET: "attribute_set",
    STORE: "attribute_store",
    PACKET_SIZE: "get_packet_size",
}

MODEL: Final = 533
SERIAL_NUMBER: Final = 534
FIRMWARE: Final = 20012

_HEADER_BYTES = 4
_END = 0xFFFF
_SIZES = {"B": 1, "C": 1, "F": 1, "W": 2, "D": 4, "I": 2, "L": 4, "X": 1}
"""Bytes of a value by type: byte, char, flag, word, double word and the signed ones; X: an action."""
_SIGNED = frozenset("IL")
_ATTRIBUTES_MAX = 64
"""More than fit a packet of 255 bytes."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. ``value`` is None where the bytes ended before it or the type is unknown."""

    number: int
    type: str
    value: int | str | bool | None


@dataclass(frozen=True, slots=True)
class RsmMessage:
    """``limits``: the sizes of packets that a scanner takes and sends, in the answer to its first question."""

    command: int
    status: int
    attributes: tuple[Attribute, ...] = ()
    numbers: tuple[int, ...] = ()
    limits: tuple[int, int] | None = None


def encode_query(*numbers: int) -> bytes:
    """Data of an SSI packet that asks for attributes."""
    return _message(GET, b"".join(number.to_bytes(2, "big") for number in numbers))


def encode_packet_size(size: int = 0xFF) -> bytes:
    """The first question of an RSM conversation: which sizes of packets go."""
    return _message(PACKET_SIZE, size.to_bytes(2, "big"))


def encode_byte(number: int, value: int, *, is_stored: bool = False) -> bytes:
    """Data of an SSI packet that sets an attribute of one byte."""
    body = number.to_bytes(2, "big") + b"B\x00" + bytes((value,)) + _END.to_bytes(2, "big")
    return _message(STORE if is_stored else SET, body)


def decode(data: bytes, *, is_question: bool = False) -> RsmMessage | None:
    """The message inside an SSI packet; None for what is none."""
    if len(data) < _HEADER_BYTES:
        return None
    command, status, body = data[2], data[3], data[_HEADER_BYTES:]
    if command == PACKET_SIZE:
        limits = (int.from_bytes(body[:2], "big"), int.from_bytes(body[2:4], "big")) if len(body) >= 4 else None
        return RsmMessage(command, status, limits=limits)
    if (is_question and command in (GET, 3)) or command == GET_NUMBERS:
        return RsmMessage(command, status, numbers=_numbers(body))
    return RsmMessage(command, status, attributes=tuple(_attributes(body)))


def _message(command: int, body: bytes) -> bytes:
    return (_HEADER_BYTES + len(body)).to_bytes(2, "big") + bytes((command, 0)) + body


def _numbers(body: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(body[at : at + 2], "big") for at in range(0, len(body) - 1, 2))


def _attributes(body: bytes) -> Sequence[Attribute]:
    found: list[Attribute] = []
    at = 0
    while at + 4 <= len(body) and len(found) < _ATTRIBUTES_MAX:
        number, kind = int.from_bytes(body[at : at + 2], "big"), chr(body[at + 2])
        if number == _END:
            break
        at += 4
        head, size = 0, _SIZES.get(kind)
        if kind == "S":
            head, size = 4, _length(body, at)
        elif kind == "A":
            head, size = 5, _length(body, at + 1)
        if size is None or at + head + size > len(body):
            found.append(Attribute(number, kind, None))
            break
        found.append(Attribute(number, kind, _value(kind, body[at + head : at + head + size])))
        at += head + size
    return found


def _length(body: bytes, at: int) -> int | None:
    return int.from_bytes(body[at : at + 2], "big") if at + 2 <= len(body) else None


def _value(kind: str, data: bytes) -> int | str | bool:
    if kind == "S":
        return data.decode("latin-1").rstrip("\x00 ")
    if kind == "A":
        return data.hex()
    if kind == "F":
        return bool(data[0])
    return int.from_bytes(data, "big", signed=kind in _SIGNED)
