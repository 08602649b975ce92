"""The simulated displays' own understanding of their dialects: bytes written by hand, from the manuals."""

from __future__ import annotations

import pytest

from simulators.line_display import MACHINES

UPPER, LOWER = "upper line of twenty", "lower line of twenty"
SELECTED = {"aures_ocd300": b"\x02\x05\x43\x31\x03"}


def shown(dialect: str, data: bytes) -> tuple[str, str, list[str]]:
    """Both lines and what was not understood."""
    machine = MACHINES[dialect]()
    machine.take(SELECTED.get(dialect, b"") + data)
    upper, lower = (line.decode("latin-1").rstrip() for line in machine.screen.lines)
    return upper, lower, machine.errors


@pytest.mark.parametrize(
    ("dialect", "data", "upper", "lower"),
    [
        ("epson", b"\x0cab\x08\x08XY", "XY", ""),
        ("epson", b"\x0cab\x1f\x0ac", "ab", "  c"),
        ("epson", b"\x0c\x1f\x0dE", " " * 19 + "E", ""),
        ("epson", b"\x0c\x1fBE", "", " " * 19 + "E"),
        ("epson", b"\x0c\x1f.1\x1f,2", "12", ""),
        ("epson", b"\x0c\x1fv\x01\x1f#\x01\x02\x1f(A\x03\x00abc", "", ""),
        ("aures_ocd300", b"\x1f\x01\x0cHello\r\nWorld\r\n", "Hello", "World"),
        ("cd5220", b"\x0cab\x08\x08X\x09Y", "XbY", ""),
        ("cd5220", b"\x0cab\x1b[Hc\x1b[Bd\x1b[L\x1b[De", "cb" + " " * 17 + "e", " d"),
        ("cd5220", b"\x0c\x1b[Rr\x1b[Kk\x1b[A\x1b[Cc", " " * 19 + "r", "c" + " " * 18 + "k"),
        ("cd5220", b"\x0c\x1b%\x01\x1b?\x20\x1bs\x01\x1bd\x01x", "x", ""),
        ("utc", b"\x1fab\x08\x08XY", "XY", ""),
        ("utc", b"\x1f\x11abcd\x10\x02\x18", "ab", ""),
        ("utc", b"\x1f\x11abcd\x10\x14efgh\x10\x02\x19", "ab", ""),
        ("utc", b"\x1fab\x1ec\x1cd\x1de\x1a\x02", "cde", ""),
        ("logic_controls", b"\x1fab\x08\x08XY", "XY", ""),
        ("aedex", b"!#9" + (UPPER + LOWER).encode() + b"\r", UPPER, LOWER),
        ("aedex", b"!#1ab\r!#512:30\r!#A\r", "", ""),
        ("aedex", b"!#6once round\r", "once round", ""),
        ("utc_enhanced", b"\x1buI" + (UPPER + LOWER).encode() + b"\r", UPPER, LOWER),
        ("utc_enhanced", b"\x1buFonce round\r\x1buE12:30\r", "once round", ""),
    ],
)
def test_command_of_the_manual_is_seen(dialect: str, data: bytes, upper: str, lower: str) -> None:
    assert shown(dialect, data) == (upper, lower, [])


@pytest.mark.parametrize(
    ("dialect", "data"),
    [
        ("epson", b"\x1fZ"),
        ("epson", b"\x1b\x01"),
        ("cd5220", b"\x1b[Z"),
        ("cd5220", b"\x1bl\x15\x01"),
        ("aures_ocd300", b"\x02\x06ABC"),
        ("utc", b"\x05abc"),
        ("logic_controls", b"\x18"),
        ("aedex", b"!#Zx\r"),
        ("utc_enhanced", b"\x1buAx\x01\r"),
    ],
)
def test_what_the_manual_does_not_have_is_an_error(dialect: str, data: bytes) -> None:
    assert shown(dialect, data)[2]
