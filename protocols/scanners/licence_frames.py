"""Driving licences (AAMVA) hold line ends themselves: a codec must not cut them where the scanner's suffix would be.

The header is ``@`` LF RS CR ``ANSI `` or ``AAMVA`` (AAMVA DL/ID Card Design Standard, annex D.12.3); scanners, and the
keyboard, change or lose the control characters between. A read that begins so ends with an idle line.
"""

from __future__ import annotations

import re
from enum import Enum

_LEAD_IN = rb"\x02?(?:\][A-Za-z][0-9A-Za-z]|[A-Z][0-9][0-9]|[A-Za-z])? ?@"
"""STX, an AIM or vendor identifier, and the space that California prints."""
_HEAD = re.compile(_LEAD_IN + rb"(?P<controls>[\n\r\x1c\x1d\x1e]{0,8})(?P<word>[^\n\r\x1c\x1d\x1e]{0,5})", re.DOTALL)
_WORDS = (b"ANSI", b"AAMVA")
_WHOLE_WORD = re.compile(rb"ANSI[ 0-9]|AAMVA")
_HEAD_ANYWHERE = re.compile(rb"@[\n\r\x1c\x1d\x1e]{1,8}(?:ANSI[ 0-9]|AAMVA)")
HEAD_BYTES_MAX = 20
"""After so many it is decided whether a licence begins."""


class LicenceHead(Enum):
    """Whether a frame is the beginning of a licence; ``MAYBE``: the next bytes tell."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


def licence_head(data: bytes | bytearray, start: int = 0) -> LicenceHead:
    """Of the frame that begins at ``start``."""
    match = _HEAD.match(data, start)
    if match is None:
        return LicenceHead.NO
    controls, word = match["controls"], match["word"]
    if not controls:
        return LicenceHead.NO if word else LicenceHead.MAYBE
    if _WHOLE_WORD.fullmatch(word):
        return LicenceHead.YES
    is_open = match.end() == len(data) and any(known.startswith(word) for known in _WORDS)
    return LicenceHead.MAYBE if is_open else LicenceHead.NO


def holds_licence_head(data: bytes | bytearray) -> bool:
    """The beginning of a licence stands somewhere in ``data``, which has other framing around it."""
    return _HEAD_ANYWHERE.search(data) is not None
