"""The printers' own fonts of labels: which one is no higher than wanted, and how wide a text comes out in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol


@dataclass(frozen=True, slots=True)
class FontSize:
    """A font of the printer at one size, in dots. ``multiples``: of a fixed font, in width and height.

    ``is_exact``: each character takes ``cell_width``; else widths are estimated, never too small.
    """

    name: str
    height: int
    cell_width: int
    multiples: tuple[int, int] = (1, 1)
    is_exact: bool = True

    def width_of(self, text: str) -> int:
        if self.is_exact:
            return self.cell_width * len(text)
        return sum(_share(character) for character in text) * self.height // 100


class Fonts(Protocol):
    """Of one printer."""

    def size(self, height_dots: int) -> FontSize:
        """The largest that is no higher; the smallest there is where none is."""
        ...


@dataclass(frozen=True, slots=True)
class FixedFonts:
    """``cells``: name, width and height of a character. Widths and heights are multiplied alike."""

    cells: Sequence[tuple[str, int, int]]
    multiple_max: int

    def size(self, height_dots: int) -> FontSize:
        smallest = self.cells[0]
        best = FontSize(smallest[0], smallest[2], smallest[1])
        for name, width, height in self.cells:
            multiple = min(self.multiple_max, height_dots // height)
            if multiple and (height * multiple, height) > (best.height, best.height // best.multiples[1]):
                best = FontSize(name, height * multiple, width * multiple, (multiple, multiple))
        return best


@dataclass(frozen=True, slots=True)
class ScalableFont:
    """Drawn at any height."""

    name: str
    height_min: int = 10

    def size(self, height_dots: int) -> FontSize:
        height = max(self.height_min, height_dots)
        return FontSize(self.name, height, height, is_exact=False)


_NARROW: Final = frozenset("ijl!|.,:;'`I ()[]{}tfr/\\-")
_WIDE: Final = frozenset("mwMW@%&")


def _share(character: str) -> int:
    """Width of a character in percent of the height: a condensed bold face, rounded up."""
    if character in _NARROW:
        return 34
    if character in _WIDE:
        return 84
    return 64 if character.isupper() else 53
