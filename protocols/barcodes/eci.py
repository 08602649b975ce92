"""Extended Channel Interpretation: which character set the bytes behind ``\\nnnnnn`` are in.

AIM ECI Part 1 (ITS/04-001), table 1: assignment numbers. ISO/IEC 15424: a scanner whose AIM modifier says that ECI is
on sends each as a backslash and six digits, and doubles a backslash that is data. Some send the escape without saying
so; there it counts only where it leads and its number is known.
"""

from __future__ import annotations

import re

_CODECS = {
    0: "cp437", 1: "iso8859-1", 2: "cp437", 3: "iso8859-1", **{n: f"iso8859-{n - 2}" for n in range(4, 19) if n != 14},
    20: "shift_jis", 21: "cp1250", 22: "cp1251", 23: "cp1252", 24: "cp1256", 25: "utf-16-be", 26: "utf-8", 27: "ascii",
    28: "big5", 29: "gb2312", 30: "euc_kr", 31: "gbk", 32: "gb18030", 33: "utf-16-le", 34: "utf-32-be", 35: "utf-32-le",
    170: "ascii",
}  # fmt: skip
"""Assignment number to Python's name. Not here: 899 (bytes that are no text) and what AIM reserves."""

_ESCAPED = re.compile(rb"\\(?:([0-9]{6})|(\\))")
_LEADS = re.compile(rb"\\([0-9]{6})")
_ANNOUNCED = frozenset({
    "]L1", "]Q2", "]Q4", "]Q6", "]d4", "]d5", "]d6", "]z3", "]z4", "]z5", "]z8", "]z9", "]zA",
    "]U2", "]U3", "]h1", "]h3",
})  # fmt: skip
"""AIM identifiers that say that ECI is on (ISO/IEC 15424 and the symbologies' own standards)."""


def is_escaped(data: bytes, aim: str | None) -> bool:
    """The data has ECI escapes: the identifier says so, or a known one leads."""
    if b"\\" not in data:
        return False
    if aim in _ANNOUNCED:
        return True
    match = _LEADS.match(data) if aim is None or aim[1] in "LQdzUh" else None
    return match is not None and int(match[1]) in _CODECS


def text_of(data: bytes, encoding: str) -> str | None:
    """The text, without its escapes; None where a character set is unknown or the bytes are none of it.

    ``encoding``: of what stands before the first escape.
    """
    text, codec, position = "", encoding, 0
    pending = b""
    try:
        for match in _ESCAPED.finditer(data):
            pending += data[position : match.start()]
            position = match.end()
            if match[2]:
                pending += b"\\"
                continue
            text += pending.decode(codec)
            pending = b""
            if (number := int(match[1])) not in _CODECS:
                return None
            codec = _CODECS[number]
        return text + (pending + data[position:]).decode(codec)
    except UnicodeDecodeError:
        return None
