"""Commands that a real receipt printer takes and that nothing is seen of on this one's paper.

``UNSEEN``: they change speed, sensors, smoothness, another device. ``NOT_SIMULATED``: a real printer prints otherwise
after them; here they are taken whole, and told as an error. From Epson's command reference; ESC ACK SOH is Star's,
which hosts send to find out whose printer it is.
"""

from __future__ import annotations

from collections.abc import Mapping

UNSEEN: Mapping[bytes, int] = {
    b"\x18": 0,  # CAN: of page mode
    b"\x1b\x06": 1,
    b"\x1b<": 0,
    b"\x1bS": 0,
    b"\x1bU": 1,
    b"\x1bc0": 1,
    b"\x1bc1": 1,
    b"\x1bc3": 1,
    b"\x1bc4": 1,
    b"\x1bc5": 1,
    b"\x1bq": 0,
    b"\x1d:": 0,
    b"\x1dE": 1,
    b"\x1dT": 1,
    b"\x1db": 1,
    b"\x1df": 1,
    b"\x1dj": 1,
    b"\x1dz0": 2,
}
"""By the command, how many parameters follow."""
NOT_SIMULATED: Mapping[bytes, int] = {
    b"\x0c": 0,
    b"\x1b\x0c": 0,
    b"\x1b%": 1,
    b"\x1b4": 1,
    b"\x1b?": 1,
    b"\x1bF": 0,
    b"\x1bK": 1,
    b"\x1bL": 0,
    b"\x1bT": 1,
    b"\x1bV": 1,
    b"\x1bW": 8,
    b"\x1be": 1,
    b"\x1c!": 1,
    b"\x1c?": 2,
    b"\x1cS": 2,
    b"\x1cW": 1,
    b"\x1d$": 2,
    b"\x1d/": 1,
    b"\x1dC0": 2,
    b"\x1dC1": 6,
    b"\x1dC2": 2,
    b"\x1dP": 2,
    b"\x1d\\": 2,
    b"\x1d^": 3,
    b"\x1dc": 0,
}
NEUTRAL: Mapping[bytes, bytes] = {
    b"\x1b%": b"\x00",
    b"\x1b4": b"\x00",
    b"\x1bT": b"\x00",
    b"\x1bV": b"\x00",
    b"\x1c!": b"\x00",
    b"\x1cS": b"\x00\x00",
    b"\x1cW": b"\x00",
    b"\x1dP": b"\x00\x00",
}
"""With these parameters everything stays as it is after power-on."""
UNSEEN_COUNTED = frozenset({b"\x1dK", b"\x1dE", b"\x1dM", b"\x1cA", b"\x1cE"})
"""GS ( x and FS ( x: the first byte and the letter."""
