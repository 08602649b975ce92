"""ESC/POS commands as bytes (Epson, "ESC/POS Command Reference", by the names given at each).

A printer obeys real-time commands (DLE EOT, DLE ENQ, DLE DC4) wherever they stand in what it receives. No print holds
one: data is printable, and a parameter that is the byte DLE is followed by a byte that makes none of them, or refused
here (the times of ESC p).
"""

from __future__ import annotations

from typing import Final, Literal

from edge_gateway.contracts.printed_text import Align, Colour, Font

NUL: Final = b"\x00"
LF: Final = b"\n"
INITIALIZE: Final = b"\x1b@"
KANJI_ON: Final = b"\x1c&"
KANJI_OFF: Final = b"\x1c."
"""FS & and FS ., which Japanese printers do not heed while they read Shift JIS: see ``kanji_on`` and ``kanji_off``."""
SHIFT_JIS: Final = b"\x1cC\x01"
JIS: Final = b"\x1cC\x00"
"""FS C: how ideographs are sent to a Japanese printer."""
CUT_PARTIAL: Final = b"\x1dVB\x00"
CUT_FULL: Final = b"\x1dVA\x00"
"""GS V, form B: feeds to the knife and cuts."""
CUT_PARTIAL_HERE: Final = b"\x1dV\x01"
CUT_FULL_HERE: Final = b"\x1dV\x00"
CUT_PARTIAL_OLD: Final = b"\x1bm"
CUT_FULL_OLD: Final = b"\x1bi"
"""ESC m, ESC i: all that some cheap printers know; as GS V form A they cut where the paper is."""
ENABLE_ASB: Final = b"\x1da\xff"
DISARM_REAL_TIME: Final = b"\x1d(D\x03\x00\x14\x01\x00"
"""GS ( D: the real-time drawer pulse (DLE DC4 1) off, so that nothing in the data can open the drawer."""
FULL_STATUS: Final = b"\x10\x04\x14"
"""DLE EOT 20 of Custom printers: six bytes from 10 0F."""
ARM_REAL_TIME: Final = b"\x1d(D\x03\x00\x14\x01\x01"
"""GS ( D: the real-time drawer pulse on, as it is after power-on."""
CLEAR_BUFFER: Final = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: forget what was received and not printed. Answered with 37 25 00."""

_ALIGN: Final = {"left": 0, "center": 1, "right": 2}

PULSE_UNIT_MS: Final = 2
PULSE_MS_MAX: Final = 510
"""ESC p counts 2 ms in one byte."""
_DLE: Final = 0x10
QrLevel = Literal["L", "M", "Q", "H"]
_QR_LEVELS: Final = {"L": 0x30, "M": 0x31, "Q": 0x32, "H": 0x33}
TextPosition = Literal["none", "above", "below", "both"]
_TEXT_POSITIONS: Final = {"none": 0, "above": 1, "below": 2, "both": 3}


def kanji_on(encoding: str | None) -> bytes:
    """Ideographs of the encoding from here on."""
    return SHIFT_JIS + KANJI_ON if encoding == "cp932" else KANJI_ON


def kanji_off(encoding: str | None) -> bytes:
    """Bytes of the code page from here on. A printer that reads Shift JIS must be told to read JIS to leave it."""
    return JIS + KANJI_OFF if encoding == "cp932" else KANJI_OFF


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


def underline(dots: int) -> bytes:
    """ESC - n: 0 to 2 dots thick."""
    return bytes((0x1B, 0x2D, dots))


def double_strike(is_on: bool) -> bytes:
    """ESC G n"""
    return bytes((0x1B, 0x47, is_on))


def invert(is_on: bool) -> bytes:
    """GS B n"""
    return bytes((0x1D, 0x42, is_on))


def upside_down(is_on: bool) -> bytes:
    """ESC { n: taken at the start of a line only."""
    return bytes((0x1B, 0x7B, is_on))


def font(name: Font) -> bytes:
    """ESC M n"""
    return bytes((0x1B, 0x4D, name == "b"))


def colour(name: Colour) -> bytes:
    """ESC r n: the second colour of the ribbon or of the paper."""
    return bytes((0x1B, 0x72, name == "red"))


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


def qr_code(data: bytes, module_dots: int, level: QrLevel = "M") -> bytes:
    """GS ( k 165 to 181: model 2, stored and printed."""
    return b"".join(
        (
            _symbol(0x31, 0x41, b"2\x00"),
            _symbol(0x31, 0x43, bytes((module_dots,))),
            _symbol(0x31, 0x45, bytes((_QR_LEVELS[level],))),
            _symbol(0x31, 0x50, b"0" + data),
            _symbol(0x31, 0x51, b"0"),
        )
    )


def pdf417(data: bytes, columns: int, module_dots: int, row_height: int, level: int, is_truncated: bool) -> bytes:
    """GS ( k 065 to 081, stored and printed. ``columns`` 0: as many as fit; ``level``: 0 to 8."""
    return b"".join(
        (
            _symbol(0x30, 0x46, bytes((is_truncated,))),
            _symbol(0x30, 0x41, bytes((columns,))),
            _symbol(0x30, 0x43, bytes((module_dots,))),
            _symbol(0x30, 0x44, bytes((row_height,))),
            _symbol(0x30, 0x45, bytes((0x30, 0x30 + level))),
            _symbol(0x30, 0x50, b"0" + data),
            _symbol(0x30, 0x51, b"0"),
        )
    )


def barcode(
    system: int, data: bytes, module_dots: int, height_dots: int, text_position: TextPosition = "below"
) -> bytes:
    """GS h, GS w, GS H, GS k with a length byte."""
    position = _TEXT_POSITIONS[text_position]
    settings = bytes((0x1D, 0x68, height_dots, 0x1D, 0x77, module_dots, 0x1D, 0x48, position))
    return settings + bytes((0x1D, 0x6B, system, len(data))) + data


def stored_graphics(key: str) -> bytes:
    """GS ( L 69: prints the picture that was stored in the printer under a key of two characters."""
    return b"\x1d(L\x06\x000E" + key.encode("ascii") + b"\x01\x01"


def stored_bit_image(number: int) -> bytes:
    """FS p n m: prints the picture that was stored in the printer under a number."""
    return bytes((0x1C, 0x70, number, 0))


def buzzer(times: int, duration_ms: int) -> bytes:
    """ESC ( A 48: pattern A, so many times, each so long (in steps of 100 ms)."""
    return bytes((0x1B, 0x28, 0x41, 4, 0, 0x30, 0x31, times, duration_ms // 100))


def buzzer_of_clones(times: int, duration_ms: int) -> bytes:
    """ESC B n t: the buzzer of many kitchen printers that are not Epson's."""
    return bytes((0x1B, 0x42, times, duration_ms // 100))


def _symbol(kind: int, function: int, parameters: bytes) -> bytes:
    length = len(parameters) + 2
    return b"\x1d(k" + length.to_bytes(2, "little") + bytes((kind, function)) + parameters
