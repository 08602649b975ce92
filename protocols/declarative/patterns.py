"""Patterns of a profile: RE2, which takes time in proportion to the frame whatever a site writes and a device sends.

Syntax: RE2 (as Python's, without backreferences and look-around). A pattern sees bytes as Latin-1 characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator

PATTERN_CHARACTERS_MAX = 512
"""A frame of 256 bytes needs no longer one."""


def matched(pattern: str, body: bytes) -> Mapping[str, str] | None:
    """The named groups, if the whole body matches; those that took no part are left out."""
    match = _compiled(pattern).fullmatch(body)
    if match is None:
        return None
    groups: Mapping[str | bytes, bytes | None] = match.groupdict()
    return {
        name.decode() if isinstance(name, bytes) else name: value.decode("latin-1")
        for name, value in groups.items()
        if value is not None
    }


def group_names(pattern: str) -> frozenset[str]:
    """Names of the groups of a valid pattern."""
    names = _compiled(pattern).groupindex
    return frozenset(name.decode() if isinstance(name, bytes) else name for name in names)


@cache
def _compiled(pattern: str) -> Any:
    import re2  # here: a gateway without such a profile does not load it

    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(pattern.encode("latin-1"), options)


def _valid(pattern: str) -> str:
    import re2

    if len(pattern) > PATTERN_CHARACTERS_MAX:
        raise ValueError(f"pattern of {len(pattern)} characters; at most {PATTERN_CHARACTERS_MAX}")
    try:
        _compiled(pattern)
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error).encode()
        raise ValueError(f"pattern {pattern!r} is no RE2 expression: {said.decode('latin-1')}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_valid)]
"""A valid RE2 expression."""
