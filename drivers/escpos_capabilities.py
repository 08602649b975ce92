"""Which ESC t number a printer model gives a code page: from escpos-printer-db, as python-escpos ships it.

escpos-printer-db is by the receipt printer community, licence CC BY 4.0. Only its data file is read: importing
python-escpos itself costs 0.5 s and 33 MB, and configures logging.
"""

from __future__ import annotations

import codecs
import importlib.resources
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

DEFAULT_MODEL: Final = "default"
"""The database's name for what Epson printers have in common."""


@cache
def code_pages(model: str) -> Mapping[str, int]:
    """Python codec name to ESC t number, the lowest where a model has two. Raises KeyError for an unknown model."""
    database = _database()
    slots: dict[str, int] = {}
    for slot, page in database["profiles"][model]["codePages"].items():
        if (encoding := database["encodings"].get(page, {}).get("python_encode")) is not None:
            name = codecs.lookup(encoding).name
            slots[name] = min(int(slot), slots.get(name, 255))
    return slots


def model_names() -> list[str]:
    """What the database knows."""
    return sorted(_database()["profiles"])


@cache
def _database() -> dict[str, Any]:
    text = importlib.resources.files("escpos").joinpath("capabilities.json").read_text("utf-8")
    database: dict[str, Any] = json.loads(text)
    return database
