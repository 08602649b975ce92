"""Commands that a real Star printer takes and that nothing is seen of on this one's paper.

``UNSEEN`` and ``NOT_SIMULATED`` as for ESC/POS printers; from Star's specifications of Line Mode and StarPRNT.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

UNSEEN: Mapping[bytes, int] = {
    b"\x04": 0,
    b"\x05": 0,
    b"\x11": 0,
    b"\x13": 0,
    b"\x1b/": 1,
    b"\x1bM": 0,
    b"\x1bN": 1,
    b"\x1bO": 0,
    b"\x1bs": 2,
    b"\x1b\x16": 2,
    b"\x1b\x1d\x07": 4,
    b"\x1b\x1d/1": 1,
    b"\x1b\x1d/5": 1,
    b"\x1b\x1eC": 1,
    b"\x1b\x1ec": 1,
    b"\x1b\x1ed": 1,
    b"\x1b\x1er": 1,
}
"""By the command, how many parameters follow. ENQ and EOT are not answered: no host sends them while status comes."""
NOT_SIMULATED: Mapping[bytes, int] = {
    b"\x0b": 0,
    b"\x0c": 0,
    b"\x1b%": 1,
    b"\x1b1": 0,
    b"\x1b2": 0,
    b"\x1b3": 1,
    b"\x1b:": 0,
    b"\x1bA": 1,
    b"\x1bI": 1,
    b"\x1bP": 0,
    b"\x1bR": 1,
    b"\x1b_": 1,
    b"\x1b$": 1,
    b"\x1bg": 0,
    b"\x1bp": 0,
    b"\x1bq": 0,
    b"\x1by": 1,
    b"\x1b\x1cp": 2,
    b"\x1b\x1dP0": 0,
    b"\x1b\x1dP1": 0,
    b"\x1b\x1dP2": 1,
    b"\x1b\x1dP3": 8,
    b"\x1b\x1dP4": 2,
    b"\x1b\x1dP5": 2,
    b"\x1b\x1dP6": 0,
    b"\x1b\x1dP7": 0,
    b"\x1b\x1dP8": 0,
    b"\x1b\x1eA": 1,
    b"\x1b\x1eL": 1,
    b"\x1b\x1ei": 1,
}
NEUTRAL: Mapping[bytes, bytes] = {
    b"\x1b%": b"\x00",
    b"\x1bR": b"\x00",
    b"\x1b_": b"\x00",
    b"\x1b$": b"\x00",
    b"\x1b\x1eA": b"\x00",
    b"\x1b\x1ei": b"\x00",
}
"""With these parameters everything stays as it is after power-on."""
ENDED: Mapping[bytes, bytes] = {
    b"\x1bB": b"\x00",
    b"\x1b\x1d#": b"\n\x00",
}
"""Unseen, up to these bytes."""
BIT_IMAGES: Mapping[bytes, int] = {b"\x1bK": 1, b"\x1bL": 1}
"""ESC K, ESC L n1 n2: so many bytes for each of what they count."""
BIT_IMAGE_BYTES_MAX = 8192
"""More announced is no picture."""


class UnseenStar:
    """Takes what has no fixed length; each method is handed the buffer, and returns the length or 0."""

    def __init__(self, errors: deque[str]) -> None:
        self._errors = errors

    def ended(self, buffer: bytearray) -> int:
        command = next(command for command in ENDED if buffer.startswith(command))
        end = buffer.find(ENDED[command], len(command))
        return 0 if end < 0 else end + len(ENDED[command])

    def bit_image(self, buffer: bytearray) -> int:
        if len(buffer) < 4:
            return 0
        length = 4 + int.from_bytes(buffer[2:4], "little") * BIT_IMAGES[bytes(buffer[:2])]
        if length > BIT_IMAGE_BYTES_MAX:
            self._errors.append(f"bit image of {length} bytes")
            return 4
        if len(buffer) < length:
            return 0
        self._errors.append(f"command {bytes(buffer[:4]).hex(' ')} is not simulated")
        return length
