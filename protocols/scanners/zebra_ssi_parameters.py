"""Parameters in Zebra SSI: how PARAM_SEND, PARAM_REQUEST and their answers name and carry them.

A number up to 239 is one byte; 256..495 is F0 and a byte, 512..751 F1, 768..1007 F2, from 1024 on F8 and two bytes.
In front of it F3 says that a string follows, F4 a word, F6 an array; strings and arrays have their length in front.
Source: Simple Serial Interface Programmer's Guide 72E-40451, PARAM_SEND and "Numeric Parameter Representation".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

ParameterKind = Literal["byte", "word", "string", "array"]

ALL_PARAMETERS: Final = 0xFE
"""PARAM_REQUEST for all of them."""
NUMBER_MAX: Final = 0xFFFF
ACK_NAK_HANDSHAKING: Final = 0x9F
TRANSMIT_NO_READ: Final = 0x5E
DECODE_DATA_PACKETED: Final = 0xEE
TRANSMIT_CODE_ID: Final = 0x2D
CODE_ID_AIM: Final = 1
"""Value of TRANSMIT_CODE_ID: the AIM identifier in front of each read."""
NAMES: Final = {
    0x06: "Interleaved 2 of 5",
    0x07: "Codabar",
    0x09: "Code 93",
    0x0B: "MSI",
    0x0F: "PDF417",
    TRANSMIT_CODE_ID: "transmit code id",
    TRANSMIT_NO_READ: "transmit no read",
    0x8A: "trigger mode",
    ACK_NAK_HANDSHAKING: "ACK/NAK handshaking",
    0xE3: "MicroPDF417",
    0xEB: "scan data transmission format",
    0xEC: "parameter scanning",
    DECODE_DATA_PACKETED: "decode data packet format",
    292: "Data Matrix",
    293: "QR",
    294: "MaxiCode",
}
"""Of the parameters that a host meets when it sets a scanner up; guide, appendix A."""
AFFIXES: Final = {0x69: "prefix", 0x68: "suffix", 0x6A: "suffix 2"}
"""Their values are characters; the parameter six before each says of which category."""
_PAGES = {0xF0: 256, 0xF1: 512, 0xF2: 768}
_EXTENDED = 0xF8
_KINDS: dict[int, ParameterKind] = {0xF3: "string", 0xF4: "word", 0xF6: "array"}
_PREFIXES = {kind: prefix for prefix, kind in _KINDS.items()}
_SHORT_NUMBER_MAX = 0xEF
_TEXT_BYTES_MAX = 200
"""Of one string or array: with its number and the packet's header it must fit a packet."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter and its value; ``value`` is None where the bytes ended before it."""

    number: int
    value: int | bytes | None
    kind: ParameterKind = "byte"


def decode_number(data: bytes, at: int) -> tuple[int, int] | None:
    """The number that begins at ``at``, and where the next byte is; None where the bytes end."""
    if at >= len(data):
        return None
    first = data[at]
    size = 3 if first == _EXTENDED else 2 if first in _PAGES else 1
    if at + size > len(data):
        return None
    if size == 3:
        return int.from_bytes(data[at + 1 : at + 3], "big"), at + 3
    return (_PAGES[first] + data[at + 1], at + 2) if size == 2 else (first, at + 1)


def decode_parameters(data: bytes) -> Sequence[Parameter]:
    """The parameters of a PARAM_SEND behind its beep code. What the packet cuts short has no value."""
    found: list[Parameter] = []
    at = 0
    while at < len(data):
        kind = _KINDS.get(data[at], "byte")
        named = decode_number(data, at if kind == "byte" else at + 1)
        if named is None:
            found.append(Parameter(data[at], None, kind))
            break
        number, at = named
        value: bytes | None
        if kind in ("string", "array"):
            size = data[at] if at < len(data) else 0
            at += 1
        else:
            size = 2 if kind == "word" else 1
        value = data[at : at + size] if at + size <= len(data) else None
        at += size
        is_number = kind in ("byte", "word")
        found.append(Parameter(number, int.from_bytes(value) if value is not None and is_number else value, kind))
    return found


def decode_numbers(data: bytes) -> Sequence[int]:
    """What a PARAM_REQUEST asks for."""
    numbers: list[int] = []
    at = 0
    while (named := decode_number(data, at)) is not None:
        number, at = named
        numbers.append(number)
    return numbers


def encode_number(number: int) -> bytes:
    """Raises ValueError for a number that cannot be written: 240..255, and the gaps above each page."""
    if 0 <= number <= _SHORT_NUMBER_MAX:
        return bytes((number,))
    for prefix, base in _PAGES.items():
        if base <= number <= base + _SHORT_NUMBER_MAX:
            return bytes((prefix, number - base))
    if 1024 <= number <= NUMBER_MAX:
        return bytes((_EXTENDED,)) + number.to_bytes(2, "big")
    raise ValueError(
        f"parameter {number}: expected 0 to 239, 256 to 495, 512 to 751, 768 to 1007 or 1024 to {NUMBER_MAX}"
    )


def encode_parameters(parameters: Iterable[Parameter]) -> bytes:
    """The data of a PARAM_SEND behind its beep code. Raises ValueError for a number or a value that does not fit."""
    encoded = b""
    for parameter in parameters:
        number, value = encode_number(parameter.number), parameter.value
        prefix = bytes((_PREFIXES[parameter.kind],)) if parameter.kind != "byte" else b""
        if isinstance(value, bytes):
            if parameter.kind not in ("string", "array") or len(value) > _TEXT_BYTES_MAX:
                raise ValueError(f"parameter {parameter.number}: expected text of at most {_TEXT_BYTES_MAX} bytes")
            encoded += prefix + number + bytes((len(value),)) + value
            continue
        size = {"byte": 1, "word": 2}.get(parameter.kind)
        if size is None or value is None or not 0 <= value < 1 << 8 * size:
            raise ValueError(f"parameter {parameter.number}: {value!r} is no {parameter.kind}")
        encoded += prefix + number + value.to_bytes(size, "big")
    return encoded
