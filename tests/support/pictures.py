"""Image files for tests of what prints them."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int, height: int, *, is_black: bool = True) -> bytes:
    """Of one colour."""
    output = io.BytesIO()
    Image.new("1", (width, height), 0 if is_black else 1).save(output, "PNG")
    return output.getvalue()
