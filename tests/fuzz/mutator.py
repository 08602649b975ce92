"""Bytes that are nearly right: examples and recorded bytes, bent, cut, joined and repeated, from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

INPUT_BYTES_MIN = 96
"""An input may have so many bytes, or as many as the longest frame of the corpus where that has more."""
SEED_BYTES_MAX = 1024
"""Of one recorded chunk that is taken as a start."""
BENDS_MAX = 3
MARKS = bytes(range(0x20)) + b" ,.+-09AZaz?*\x7f\x80\xff"
"""Control characters and what stands between fields: where parsers turn."""


class Mutator:
    """``corpus``: whole frames. Half of the inputs are one of them, bent; the rest joins, noise, whole frames."""

    def __init__(self, corpus: Sequence[bytes], random: Random) -> None:
        self._corpus = [seed[:SEED_BYTES_MAX] for seed in corpus if seed] or [b"\x00"]
        self._random = random
        self.input_bytes_max = max(INPUT_BYTES_MIN, *map(len, self._corpus))

    def make(self) -> bytes:
        """One input, at times empty."""
        random = self._random
        roll = random.random()
        if roll < 0.25:
            return random.choice(self._corpus)[: self.input_bytes_max]
        if roll < 0.35:
            return random.randbytes(random.randrange(INPUT_BYTES_MIN // 4))
        if roll < 0.45:
            return bytes(random.choices(MARKS, k=random.randrange(1, INPUT_BYTES_MIN // 4)))
        bent = bytearray(random.choice(self._corpus))
        if roll < 0.6:
            other = random.choice(self._corpus)
            bent = bent[: random.randrange(len(bent) + 1)] + other[random.randrange(len(other)) :]
        for _ in range(random.randint(1, BENDS_MAX)):
            self._bend(bent)
        return bytes(bent[: self.input_bytes_max])

    def _bend(self, data: bytearray) -> None:
        random = self._random
        place = random.randrange(len(data) + 1)
        match random.randrange(7):
            case 0 if place < len(data):
                data[place] ^= 1 << random.randrange(8)
            case 1 if place < len(data):
                data[place] = random.randrange(256)
            case 2 if place < len(data):
                data[place] = random.choice(MARKS)
            case 3:
                data[place:place] = bytes((random.choice(MARKS),))
            case 4:
                del data[place : place + random.randint(1, 4)]
            case 5:
                data[place:place] = data[place : place + random.randint(1, 8)]
            case _:
                del data[place:]
