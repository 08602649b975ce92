"""Dialog 06: the checksums by which a till proves that it is one the scale's vendor approved.

The scale sends two hex digits Z1 Z2. The till answers one to five pairs CS KW of 16 bits, as four hex digits each: CS
rotated left by Z1, KW rotated right by Z2. KW is the remainder of CS times x^16 divided by a polynomial P over GF(2),
as in a CRC. P is given by the vendor to makers of tills and is never part of this program: it, or pairs computed
before, come from a file of the store. Source: Mettler Toledo DIVA service manual, 6.1.8 (records 10 and 11).

Digits above 9 are ``A`` to ``F`` in the DIVA manual and ``:`` to ``?`` in the one of the Cely PI100: both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

HexStyle = Literal["letters", "colon"]

PAIRS_MAX = 5
WORD_BITS = 16
POLYNOMIAL_BITS = 17
SECRET_LINES_MAX = 1000
"""Pairs in a file: more add nothing, since the scale chooses the rotation."""

_POLYNOMIAL = re.compile(r"polynomial\s*=\s*(?:0x)?(1[0-9a-f]{4})", re.IGNORECASE)
_PAIR = re.compile(r"([0-9a-f]{4})\s+([0-9a-f]{4})", re.IGNORECASE)


class ChecksumSecret:
    """A polynomial, or pairs computed with it. Never shows what it holds."""

    def __init__(self, polynomial: int | None, pairs: Sequence[tuple[int, int]]) -> None:
        self._polynomial = polynomial
        self._pairs = tuple(pairs)

    @classmethod
    def parse(cls, text: str) -> ChecksumSecret:
        """A line ``polynomial = 1xxxx`` (17 bits in hex), or lines of pairs ``CS KW``; ``#`` starts a comment.

        Raises ValueError, which names the line and never quotes it.
        """
        polynomial, pairs = None, []
        for number, line in enumerate(text.splitlines()[:SECRET_LINES_MAX], start=1):
            line = line.partition("#")[0].strip()
            if match := _POLYNOMIAL.fullmatch(line):
                polynomial = int(match[1], 16)
            elif match := _PAIR.fullmatch(line):
                pairs.append((int(match[1], 16), int(match[2], 16)))
            elif line:
                raise ValueError(
                    f"line {number}: expected 'polynomial = ' and five hex digits that start with 1, or two words of "
                    "four hex digits (CS and KW)"
                )
        if polynomial is None and not pairs:
            raise ValueError("holds neither a polynomial nor pairs of checksums")
        return cls(polynomial, pairs)

    def answer(self, z: int, draw: Callable[[int], int], count: int, style: HexStyle) -> str:
        """The content of record 10 for the challenge ``z`` (two hex digits as one byte)."""
        left, right = z >> 4, z & 0x0F
        words = []
        for _ in range(count):
            sum_, key = self._pair(draw)
            words += [_rotated_left(sum_, left), _rotated_left(key, WORD_BITS - right)]
        return "".join(hex_digits(word, style) for word in words)

    def _pair(self, draw: Callable[[int], int]) -> tuple[int, int]:
        if self._polynomial is None:
            return self._pairs[draw(WORD_BITS) % len(self._pairs)]
        sum_ = draw(WORD_BITS)
        return sum_, remainder(sum_, self._polynomial)

    def __repr__(self) -> str:
        return "ChecksumSecret(hidden)"


def remainder(sum_: int, polynomial: int) -> int:
    """Of ``sum_`` times x^16 divided by ``polynomial`` (17 bits, the highest set) over GF(2)."""
    rest = sum_ << WORD_BITS
    for bit in range(2 * WORD_BITS - 1, WORD_BITS - 1, -1):
        if rest >> bit & 1:
            rest ^= polynomial << (bit - WORD_BITS)
    return rest


def hex_digits(word: int, style: HexStyle) -> str:
    """Four hex digits, those above 9 in the scale's style."""
    letters = f"{word:04X}"
    return letters if style == "letters" else "".join(_colon(letter) for letter in letters)


def read_hex(text: str) -> int | None:
    """Hex digits in either style, also mixed; None: something else."""
    plain = "".join(chr(ord(letter) + 7) if ":" <= letter <= "?" else letter for letter in text)
    return int(plain, 16) if re.fullmatch(r"[0-9A-Fa-f]+", plain) else None


def _colon(letter: str) -> str:
    return letter if letter.isdigit() else chr(ord(letter) - 7)


def _rotated_left(word: int, bits: int) -> int:
    bits %= WORD_BITS
    return (word << bits | word >> (WORD_BITS - bits)) & 0xFFFF
