"""Ids and instants as they stand in every payload: of requests, of transactions, of the configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

LEVEL_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
"""An id of ours, which is also a topic level and a log field: letters, digits, ``_ . -``; 64 characters at most."""


def _check_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


# [0-9], not \d: pydantic's expressions know Unicode digits.
Key = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,126}[!-~])?$")]
"""An id of another system: printable ASCII, 1 to 128 characters, no blank at either end."""
Level = Annotated[str, StringConstraints(pattern=LEVEL_PATTERN)]
Instant = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$"),
    AfterValidator(_check_instant),
    Field(json_schema_extra={"format": "date-time"}),
]
"""RFC 3339 in UTC with ``Z``."""
