"""Text as it is to look on paper: runs of characters in one style, in reading (logical) order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Align = Literal["left", "center", "right"]
Font = Literal["a", "b"]
Colour = Literal["black", "red"]


class TextStyle(NamedTuple):
    """``width`` and ``height``: multiples of a character's size. ``underline``: thickness in dots, 0 to 2."""

    is_bold: bool = False
    underline: Literal[0, 1, 2] = 0
    is_double_struck: bool = False
    is_inverted: bool = False
    is_upside_down: bool = False
    font: Font = "a"
    colour: Colour = "black"
    width: int = 1
    height: int = 1


PLAIN: Final = TextStyle()


@dataclass(frozen=True, slots=True)
class TextRun:
    """``text``: without newlines and control characters, in logical order."""

    text: str
    style: TextStyle = PLAIN
