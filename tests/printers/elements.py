"""Elements of documents that the tests of printers' encoders print."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image


def text(value: Any, **style: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **style}


def code(symbology: str, data: str, **more: Any) -> dict[str, Any]:
    return {"type": "barcode", "symbology": symbology, "data": data, **more}


def picture(*rows: str) -> str:
    """A PNG of which ``#`` is black."""
    image = Image.new("L", (len(rows[0]), len(rows)))
    image.putdata([0 if dot == "#" else 255 for row in rows for dot in row])
    output = io.BytesIO()
    image.save(output, "PNG")
    return base64.b64encode(output.getvalue()).decode()


def image(*rows: str) -> dict[str, Any]:
    return {"type": "image", "data": picture(*rows), "dither": "threshold", "align": "left"}
