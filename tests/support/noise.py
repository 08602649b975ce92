"""Pictures of noise: the same ones in every run."""

from __future__ import annotations

import random

from PIL import Image

BLACK, WHITE = 0, 255


def noise(width_dots: int, height_dots: int, *, seed: int) -> Image.Image:
    """Black and white dots, half of each, mode L."""
    dots = random.Random(seed).choices((BLACK, WHITE), k=width_dots * height_dots)
    return Image.frombytes("L", (width_dots, height_dots), bytes(dots))
