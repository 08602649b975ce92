"""Which ESC t number a printer model gives a code page: from escpos-printer-db, as python-escpos ships it.

escpos-printer-db is by the receipt printer community, licence CC BY 4.0. Only its data file is read: importing
python-escpos itself costs 0.5 s and 33 MB, and configures logging.
"""

from __future__ import annotations

import codecs
import importlib.resources
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from protocols.printers.character_sets import CodePage, code_page, listed_page

DEFAULT_MODEL: Final = "default"
"""The database's name for what Epson printers have in common."""
EVERYWHERE: Final = frozenset({"cp437", "cp850", "cp860", "cp863", "cp865", "cp1252", "cp866", "cp852", "cp858"})
"""Pages of every ESC/POS printer, old ones too, at the numbers of ``DEFAULT_MODEL``. Of a printer of which no more is
known only these are used: another would print wrong characters where it is missing."""
_CORRECTIONS: Final = {"TCVN-3-2": str.maketrans("\u00d0", "\u0110")}
"""The capital of the Vietnamese d is listed as the Icelandic letter that looks like it."""


@cache
def code_pages(model: str) -> Mapping[str, int]:
    """Python codec name to ESC t number, the lowest where a model has two. Raises KeyError for an unknown model."""
    slots: dict[str, int] = {}
    for slot, _, encoding in _listed(model):
        if (python_name := encoding.get("python_encode")) is not None:
            name = codecs.lookup(python_name).name
            slots[name] = min(slot, slots.get(name, 255))
    return slots


@cache
def all_pages(model: str) -> tuple[CodePage, ...]:
    """Its pages with their characters, in the order of their numbers. Raises KeyError for an unknown model.

    A page that has no Python codec is taken where the database spells it out; its name is the database's.
    """
    pages = []
    for slot, name, encoding in sorted(_listed(model), key=lambda item: item[0]):
        if (python_name := encoding.get("python_encode")) is not None:
            codec = codecs.lookup(python_name).name
            if model != DEFAULT_MODEL or codec in EVERYWHERE:
                pages.append(code_page(slot, codec))
        elif (rows := encoding.get("data")) and model != DEFAULT_MODEL:
            characters = "".join(rows).translate(_CORRECTIONS.get(name, {}))
            upper = {character: 0x80 + index for index, character in enumerate(characters) if character != " "}
            pages.append(listed_page(slot, name, {chr(byte): byte for byte in range(0x20, 0x7F)} | upper))
    return tuple(pages)


def model_names() -> list[str]:
    """What the database knows."""
    return sorted(_database()["profiles"])


def _listed(model: str) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    database = _database()
    for slot, name in database["profiles"][model]["codePages"].items():
        yield int(slot), name, database["encodings"].get(name, {})


@cache
def _database() -> dict[str, Any]:
    text = importlib.resources.files("escpos").joinpath("capabilities.json").read_text("utf-8")
    database: dict[str, Any] = json.loads(text)
    return database
