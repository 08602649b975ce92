"""Ids and instants as they stand in every payload: of requests, of transactions, of the configuration."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StringConstraints

LEVEL_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
"""An id of ours, which is also a topic level and a log field: letters, digits, ``_ . -``; 64 characters at most."""
# [0-9], not \d: pydantic's expressions know Unicode digits.
_KEY_PATTERN: Final = r"^[!-~]([ -~]{0,126}[!-~])?$"
_INSTANT_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$"
PRINTED_PATTERN: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""Text on paper or on a display: a control character would be a command to what shows it."""
TEXT_PATTERN: Final = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
"""The same of more lines than one."""
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"
LOGO_NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,31}$"
PATTERN_WORDS: Final[Mapping[str, str]] = {
    LEVEL_PATTERN: "1 to 64 letters, digits, '_', '.' or '-', the first a letter or digit",
    _KEY_PATTERN: "1 to 128 printable ASCII characters, no blank at either end",
    _INSTANT_PATTERN: "an instant in UTC with Z at its end, such as 2026-11-21T10:15:03Z (no offset such as +01:00)",
    PRINTED_PATTERN: "text without control characters",
    TEXT_PATTERN: "text without control characters but line feeds",
    LOGO_NAME_PATTERN: "a name of 1 to 32 small letters, digits, '_' or '-', the first a letter or digit",
    NAME_PATTERN: "1 to 60 letters, digits, '_', '.' or '-', the first a letter or digit",
}
"""What people are told instead of an expression."""
SHARED_LANE: Final = "shared"
"""The lane of devices that all lanes use."""
RESERVED_LANES: Final = frozenset({"gateway", "alert"})
"""Levels where a lane would stand that are not lanes."""


def in_words(found: Mapping[str, Any], words: Mapping[str, str] = PATTERN_WORDS) -> str:
    """One of pydantic's errors (with its context): what was expected, without its jargon and without the value."""
    if found["type"] == "string_pattern_mismatch" and (expected := words.get(found["ctx"]["pattern"])) is not None:
        return f"expected {expected}"
    if found["type"] == "union_tag_not_found":
        return f"required: {_key_of(found)}, which says what it is"
    if found["type"] == "union_tag_invalid":
        return f"{_key_of(found)} {found['ctx']['tag']!r}: expected one of {found['ctx']['expected_tags']}"
    return str(found["msg"]).removeprefix("Value error, ")


def _key_of(found: Mapping[str, Any]) -> str:
    return str(found["ctx"]["discriminator"]).strip("'")


def refusals(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Pydantic's errors (with their context), each with its place in the sender's JSON: ``order.items[0].name: ...``.

    That a list is too short is left out beside others: its entries are counted after those that failed.
    """
    told = []
    for each in found:
        if each["type"] == "too_short" and len(found) > 1:
            continue
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in each["loc"])
        told.append(f"{place.removeprefix('.')}: {in_words(each)}")
    return told


def no_such_key(name: str, known: Iterable[str]) -> str:
    """For an unknown key: what it was probably meant to be, and the keys there are."""
    keys = sorted(known)
    near = difflib.get_close_matches(name, keys, n=1, cutoff=0.6)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"no such key here{guess} (there are: {', '.join(keys)})"


def _check_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Key = Annotated[str, StringConstraints(pattern=_KEY_PATTERN)]
"""An id of another system: printable ASCII, 1 to 128 characters, no blank at either end."""
Level = Annotated[str, StringConstraints(pattern=LEVEL_PATTERN)]
Instant = Annotated[
    str,
    StringConstraints(pattern=_INSTANT_PATTERN),
    AfterValidator(_check_instant),
    Field(json_schema_extra={"format": "date-time"}),
]
"""RFC 3339 in UTC with ``Z``."""
