"""Which characters a printer has, in which of its code pages, and text as bytes with the fewest changes between them.

A character counts as there only where the printer truly shows it in one cell: no letters that need shaping (Arabic in
the pages of its plain letters), no marks that stand on other characters (Thai vowels, Vietnamese tones).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from protocols.printers.layout_width import KEPT_FORMAT_CHARACTERS, cells, cleaned

REPLACEMENT: Final = "?"
_LOOK_ALIKES: Final = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201a": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2022": "*",
    "\u2026": "...",
}
"""Typographic characters that code pages lack, and what means the same to a reader."""


@dataclass(frozen=True, slots=True)
class CodePage:
    """A single-byte page. ``slot``: its number at this printer; ``bytes_of``: character to byte."""

    slot: int
    name: str
    bytes_of: Mapping[str, int]


@lru_cache(maxsize=256)
def code_page(slot: int, encoding: str) -> CodePage:
    """By the name of a Python codec."""
    characters = {bytes((byte,)).decode(encoding, "ignore"): byte for byte in range(0xFF, 0x1F, -1) if byte != 0x7F}
    return listed_page(slot, encoding, characters)


def listed_page(slot: int, name: str, characters: Mapping[str, int]) -> CodePage:
    """By its characters; those that it does not truly show are left out."""
    return CodePage(slot, name, {character: byte for character, byte in characters.items() if _stands_alone(character)})


def _stands_alone(character: str) -> bool:
    if len(character) != 1 or unicodedata.category(character)[0] in "CM":
        return False
    # Letters of Arabic change with their neighbours; the forms that they then have (FB50 on) stand for themselves.
    return unicodedata.bidirectional(character) != "AL" or character >= "\ufb50"


@lru_cache(maxsize=8192)
def wide_bytes(character: str, encoding: str) -> bytes | None:
    """A character in the mode for ideographs; None if it is not there."""
    try:
        encoded = character.encode(encoding)
    except UnicodeEncodeError:
        return None
    # A printer acts on what is below 20 hex, whatever a codec makes of it; a lone high byte is a Katakana of cp932.
    if len(encoded) == 1:
        is_shown = 0x20 <= encoded[0] < 0x7F or (encoding == "cp932" and 0xA1 <= encoded[0] <= 0xDF)
        return encoded if is_shown else None
    return encoded if encoded[0] >= 0x81 and min(encoded) >= 0x30 and 0x7F not in encoded else None


class CharacterSets:
    """The pages of one printer. ``wide``: codec of its ideographs, if it has them.

    A print begins with the first page, or, ``is_wide_first``, in the mode for ideographs.
    """

    def __init__(self, pages: Sequence[CodePage], wide: str | None = None, *, is_wide_first: bool = False) -> None:
        self.pages = tuple(pages)
        self.wide = wide
        self.first = len(self.pages) if is_wide_first else 0
        """The page, by its index, that a print begins with; that of ``wide`` is behind all others."""
        self._masks: dict[str, int] = {}

    @cached_property
    def wide_bit(self) -> int:
        """In a mask, above those of the pages."""
        return 1 << len(self.pages)

    def mask(self, character: str) -> int:
        """A bit for each page that has the character; 0: the printer has it nowhere."""
        if (mask := self._masks.get(character)) is None:
            mask = sum(1 << index for index, page in enumerate(self.pages) if character in page.bytes_of)
            encoded = wide_bytes(character, self.wide) if self.wide is not None else None
            # A narrow character that has two bytes there is two cells wide: only where no page has it.
            if encoded is not None and (not mask or len(encoded) == cells(character)):
                mask |= self.wide_bit
            self._masks[character] = mask
        return mask

    def cells(self, character: str) -> int:
        """As this printer shows it."""
        width = cells(character)
        if width == 1 and self.wide is not None and self.mask(character) == self.wide_bit:
            return len(wide_bytes(character, self.wide) or b"?")
        return width

    def has(self, text: str) -> bool:
        """All of it; characters that only direct or join others need not be there."""
        return all(self.mask(character) or character in KEPT_FORMAT_CHARACTERS for character in text)

    def encode(self, texts: Sequence[str]) -> Iterator[list[tuple[int, bytes]]]:
        """Each text as stretches of one page (its index; that of ``wide`` is behind them), in print order.

        A page is left only for a character that it lacks, for the one that then goes on longest: no order needs fewer
        changes. Characters that the printer has nowhere come out as ``?``.
        """
        stream = "".join(texts)
        chosen = self._chosen(stream)
        position = 0
        for text in texts:
            stretches: list[tuple[int, bytes]] = []
            for character in text:
                page, encoded = chosen[position], self._bytes(character, chosen[position])
                position += 1
                if not encoded:
                    continue
                if stretches and stretches[-1][0] == page:
                    stretches[-1] = (page, stretches[-1][1] + encoded)
                else:
                    stretches.append((page, encoded))
            yield stretches

    def _chosen(self, stream: str) -> list[int]:
        """The page of each character."""
        every = (self.wide_bit << 1) - 1 if self.wide is not None else self.wide_bit - 1
        chosen, start, candidates = [0] * len(stream), 0, 1 << self.first
        for index, character in enumerate(stream):
            mask = self.mask(character) or every
            if candidates & mask:
                candidates &= mask
                continue
            chosen[start:index] = [_lowest(candidates)] * (index - start)
            start, candidates = index, mask
        chosen[start:] = [_lowest(candidates)] * (len(stream) - start)
        return chosen

    def _bytes(self, character: str, page: int) -> bytes:
        if character in KEPT_FORMAT_CHARACTERS:
            return b""
        if page == len(self.pages):
            return wide_bytes(character, self.wide or "") or REPLACEMENT.encode()
        byte = self.pages[page].bytes_of.get(character)
        return REPLACEMENT.encode() if byte is None else bytes((byte,))


class Preparation:
    """Makes text what a printer can show, before it is measured. ``replaced_count``: characters that it cannot.

    ``is_drawn``: what no page has is drawn as a picture, and only what no font has is replaced; ``shape``: joins Arabic
    letters into the forms of a code page.
    """

    def __init__(self, sets: CharacterSets, *, is_drawn: bool, shape: Callable[[str], str] | None = None) -> None:
        self.replaced_count = 0
        self._sets = sets
        self._is_drawn = is_drawn
        self._shape = shape

    def __call__(self, text: str) -> str:
        text = cleaned(text)
        if self._shape is not None and not text.isascii():
            text = self._shape(text)
        return "".join(map(self._shown, text))

    def _shown(self, character: str) -> str:
        if character in KEPT_FORMAT_CHARACTERS or character == "\n" or self._sets.mask(character):
            return character
        look_alike = _LOOK_ALIKES.get(character)
        if look_alike is not None and self._sets.has(look_alike):
            return look_alike
        if self._is_drawn and unicodedata.category(character)[0] != "C":
            return character
        self.replaced_count += 1
        # A mark has no cell of its own: what it stands on is shown without it.
        return REPLACEMENT if cells(character) else ""


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1
