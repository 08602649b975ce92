"""The commands a host sends about status, taken apart, for recordings and tools. Print data is not decoded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected

PARAMETER_BYTES_MAX: Final = 64
"""Longest parameters of GS ( D and GS ( H taken; longer ones are no status commands."""

_FIXED: Final[dict[bytes, tuple[int, str, str]]] = {
    b"\x1b@": (0, "ESC @", "initialize"),
    b"\x1b=": (1, "ESC =", "select_peripheral"),
    b"\x1bp": (3, "ESC p", "drawer_pulse"),
    b"\x1b\x06": (1, "ESC ACK", "star_status"),
    b"\x10\x05": (1, "DLE ENQ", "real_time_request"),
    b"\x10\x14\x01": (2, "DLE DC4 1", "real_time_drawer_pulse"),
    b"\x10\x14\x02": (2, "DLE DC4 2", "power_off"),
    b"\x10\x14\x08": (7, "DLE DC4 8", "clear_buffer"),
    b"\x1da": (1, "GS a", "enable_automatic_status"),
    b"\x1dr": (1, "GS r", "transmit_status"),
    b"\x1dI": (1, "GS I", "transmit_printer_id"),
} | {b"\x10\x04" + bytes((n,)): (0, f"DLE EOT {n}", "real_time_status") for n in range(1, 5)}
"""Prefix to the number of parameter bytes, the command as manuals write it, what it does."""

_COUNTED: Final = {b"\x1d(H": "GS ( H", b"\x1d(D": "GS ( D"}
"""Prefix of commands with a two-byte length."""

_PREFIX_SIZES: Final = sorted({len(prefix) for prefix in (*_FIXED, *_COUNTED)})
_BEGINNINGS: Final = frozenset(prefix[:size] for prefix in (*_FIXED, *_COUNTED) for size in range(len(prefix)))
"""What may still become a prefix."""


@dataclass(frozen=True, slots=True)
class PrinterCommand(CodecEvent):
    """One command. ``n``: its only parameter, where it has one; ``parameters``: all of them, hexadecimal."""

    command: str
    name: str
    n: int | None = None
    parameters: str | None = None
    process_id: str | None = None


class EscposCommandCodec:
    """Implements Codec for host to device. Anything but a status command is rejected byte by byte."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._buffer.append(byte)
            self._parse(events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        if not self._buffer:
            return []
        rejected = FrameRejected.of("command ended in the middle", bytes(self._buffer))
        self._buffer.clear()
        return [rejected]

    def _parse(self, events: list[CodecEvent]) -> None:
        """Take commands off the front of the buffer until what is left may still become one."""
        while self._buffer:
            length = _length(bytes(self._buffer))
            if length is None:
                events.append(FrameRejected.of("no status command", bytes(self._buffer[:1])))
                del self._buffer[:1]
            elif 0 < length <= len(self._buffer):
                events.append(_command(bytes(self._buffer[:length])))
                del self._buffer[:length]
            else:
                return


def _length(data: bytes) -> int | None:
    """Of the command that the data begins with; 0: more bytes are needed to tell; None: it begins with none."""
    for size in _PREFIX_SIZES:
        prefix = data[:size]
        if prefix in _FIXED:
            return len(prefix) + _FIXED[prefix][0]
        if prefix in _COUNTED:
            if len(data) < len(prefix) + 2:
                return 0
            counted = int.from_bytes(data[len(prefix) : len(prefix) + 2], "little")
            return len(prefix) + 2 + counted if counted <= PARAMETER_BYTES_MAX else None
    return 0 if data in _BEGINNINGS else None


def _command(data: bytes) -> PrinterCommand:
    for prefix, (count, command, name) in _FIXED.items():
        if data.startswith(prefix):
            parameters = data[len(prefix) :]
            n = parameters[0] if count == 1 else prefix[2] if name == "real_time_status" else None
            return PrinterCommand(command, name, n, parameters.hex() if count > 1 else None)
    parameters = data[5:]
    if data.startswith(b"\x1d(H") and parameters[:2] == b"00" and len(parameters) == 6:
        return PrinterCommand("GS ( H", "request_process_id", None, parameters.hex(), parameters[2:].decode("latin-1"))
    command = _COUNTED[data[:3]]
    name = "real_time_commands_enabled" if command == "GS ( D" else "request_response"
    return PrinterCommand(command, name, None, parameters.hex())
