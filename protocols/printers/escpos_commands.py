"""ESC/POS commands as bytes (Epson, "ESC/POS Command Reference", by the names given at each).

A printer obeys real-time commands (DLE EOT, DLE ENQ, DLE DC4) wherever they stand in what it receives. No print holds
one: data is printable, and a parameter that is the byte DLE is followed by a byte that makes none of them, or refused
here (the times of ESC p).
"""

from __future__ import annotations

from typing import Final, Literal

NUL: Final = b"\x00"
LF: Final = b"\n"
INITIALIZE: Final = b"\x1b@"
KANJI_ON: Final = b"\x1c&"
KANJI_OFF: Final = b"\x1c."
CUT_PARTIAL: Final = b"\x1dVB\x00"
CUT_FULL: Final = b"\x1dVA\x00"
ENABLE_ASB: Final = b"\x1da\xff"
DISARM_REAL_TIME: Final = b"\x1d(D\x03\x00\x14\x01\x00"
"""GS ( D: the real-time drawer pulse (DLE DC4 1) off, so that nothing in the data can open the drawer."""
ARM_REAL_TIME: Final = b"\x1d(D\x03\x00\x14\x01\x01"
"""GS ( D: the real-time drawer pulse on, as it is after power-on."""
CLEAR_BUFFER: Final = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: forget what was received and not printed. Answered with 37 25 00."""

Align = Literal["left", "center", "right"]
_ALIGN: Final = {"left": 0, "center": 1, "right": 2}

PULSE_UNIT_MS: Final = 2
PULSE_MS_MAX: Final = 510
"""ESC p counts 2 ms in one byte."""
_DLE: Final = 0x10
QR_LEVEL_M: Final = 0x31


def real_time_status(n: int) -> bytes:
    """DLE EOT n: answered at once, past whatever waits in the buffer."""
    return bytes((0x10, 0x04, n))


def transmit_status(n: int) -> bytes:
    """GS r n: answered in the order of printing."""
    return bytes((0x1D, 0x72, n))


def transmit_id(n: int) -> bytes:
    """GS I n: who the printer is."""
    return bytes((0x1D, 0x49, n))


def request_process_id(process_id: bytes) -> bytes:
    """GS ( H 48: answered when everything before it has been printed. Four printable ASCII characters."""
    if len(process_id) != 4 or not all(0x20 <= byte <= 0x7E for byte in process_id):
        raise ValueError(f"process id {process_id!r}: expected four printable ASCII characters")
    return b"\x1d(H\x06\x0000" + process_id


def code_page(slot: int) -> bytes:
    """ESC t n; the numbers are the maker's own."""
    return bytes((0x1B, 0x74, slot))


def align(where: Align) -> bytes:
    """ESC a n: taken at the start of a line only."""
    return bytes((0x1B, 0x61, _ALIGN[where]))


def bold(is_on: bool) -> bytes:
    """ESC E n"""
    return bytes((0x1B, 0x45, is_on))


def underline(is_on: bool) -> bytes:
    """ESC - n"""
    return bytes((0x1B, 0x2D, is_on))


def size(width: int, height: int) -> bytes:
    """GS ! n: multiples from 1 to 8."""
    return bytes((0x1D, 0x21, (width - 1) << 4 | (height - 1)))


def feed(lines: int) -> bytes:
    """ESC d n"""
    return bytes((0x1B, 0x64, lines))


def drawer_kick(pin: Literal[2, 5], on_ms: int, off_ms: int) -> bytes:
    """ESC p m t1 t2: in print order. Raises ValueError for times that cannot be sent."""
    if on_ms < PULSE_UNIT_MS:
        raise ValueError(f"drawer pulse of {on_ms} ms: expected at least {PULSE_UNIT_MS} ms")
    return bytes((0x1B, 0x70, 0 if pin == 2 else 1, pulse_units(on_ms), pulse_units(off_ms)))


def drawer_kick_now(pin: Literal[2, 5], on_ms: int) -> bytes:
    """DLE DC4 1: past whatever waits in the buffer, in steps of 100 ms up to 800."""
    return bytes((0x10, 0x14, 0x01, 0 if pin == 2 else 1, min(8, max(1, round(on_ms / 100)))))


def recover(*, is_clearing: bool) -> bytes:
    """DLE ENQ 1: go on with the line in which the error was; 2: after the buffers were cleared."""
    return bytes((0x10, 0x05, 2 if is_clearing else 1))


def pulse_units(ms: int) -> int:
    """A time as ESC p takes it, in steps of 2 ms. Raises ValueError: too long, or the byte DLE.

    With 32 ms on and 40 ms off, the end of ESC p and what follows it would be DLE DC4, which may open the other drawer.
    """
    if not 0 <= ms <= PULSE_MS_MAX:
        raise ValueError(f"{ms} ms: expected at most {PULSE_MS_MAX} ms")
    units = ms // PULSE_UNIT_MS
    if units == _DLE:
        raise ValueError(f"{ms} ms: 32 and 33 ms are sent as DLE, which begins real-time commands; take 30 or 34 ms")
    return units


def qr_code(data: bytes, module_dots: int) -> bytes:
    """GS ( k: model 2, level M, stored and printed."""
    return b"".join(
        (
            _symbol(0x41, b"2\x00"),
            _symbol(0x43, bytes((module_dots,))),
            _symbol(0x45, bytes((QR_LEVEL_M,))),
            _symbol(0x50, b"0" + data),
            _symbol(0x51, b"0"),
        )
    )


def barcode(system: int, data: bytes, module_dots: int, height_dots: int) -> bytes:
    """GS h, GS w, GS H (text below), GS k with a length byte."""
    settings = bytes((0x1D, 0x68, height_dots, 0x1D, 0x77, module_dots, 0x1D, 0x48, 2))
    return settings + bytes((0x1D, 0x6B, system, len(data))) + data


def _symbol(function: int, parameters: bytes) -> bytes:
    length = len(parameters) + 2
    return b"\x1d(k" + length.to_bytes(2, "little") + bytes((0x31, function)) + parameters
