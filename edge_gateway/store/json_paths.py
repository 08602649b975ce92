"""``data.transaction.lines[0].sku=4711``: single values of a JSON document, set from the command line."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_PART: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_PATH: Final = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[\d+\])*")


def assignment(text: str) -> tuple[str, str]:
    """Path and value. Raises ValueError."""
    path, separator, value = text.partition("=")
    if not separator or not _PATH.fullmatch(path):
        raise ValueError(f"{text!r} is no assignment: expected PATH=VALUE, such as data.transaction.lines[0].sku=4711")
    return path, value


def assign(document: Any, path: str, text: str) -> Any:
    """Set one value in place; answers it. Raises ValueError.

    What is text stays text (amounts are: ``2.50``); anything else, and what is not there yet, is read as JSON where it
    can be.
    """
    *way, last = [name if name else int(index) for name, index in _PART.findall(path)]
    place = document
    for part in way:
        place = _below(place, part, path)
    before = _existing(place, last, path)
    value = text if isinstance(before, str) else _json_or_text(text)
    place[last] = value
    return value


def _below(place: Any, part: str | int, path: str) -> Any:
    found = _existing(place, part, path)
    if not isinstance(found, dict | list):
        raise ValueError(f"{path}: there is nothing below {part!r}; expected an object or a list there")
    return found


def _existing(place: Any, part: str | int, path: str) -> Any:
    if isinstance(part, int):
        if not isinstance(place, list) or part >= len(place):
            raise ValueError(f"{path}: there is no entry [{part}]; entries count from 0")
        return place[part]
    if not isinstance(place, dict):
        raise ValueError(f"{path}: {part!r} is looked for in something that is no object")
    return place.get(part)


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
