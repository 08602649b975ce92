"""From a request's bytes to its envelope, with an error that says where and what was expected."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from pydantic import ValidationError

from edge_gateway.contracts.card_data import mask_long_digits
from edge_gateway.contracts.envelopes import RequestEnvelope
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import in_words

NUMBER_CHARACTERS_MAX: Final = 64
"""Of a number in JSON; the longest that any field needs has 17 digits."""

NESTING_MAX: Final = 32
"""Levels of objects and arrays; a transaction has five. What is deeper would break whoever walks it later."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(payload: bytes, bytes_max: int) -> dict[str, Any]:
    """A JSON object. Raises RequestError(INVALID_REQUEST). Duplicate names, NaN and lone surrogates are refused: two
    readers would read two different requests."""
    if len(payload) > bytes_max:
        raise _invalid(f"payload: {len(payload)} bytes; at most {bytes_max} are taken")
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(f"payload: not UTF-8 at byte {error.start}") from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_float,
            parse_int=_int,
            parse_constant=_constant,
        )
        if _SURROGATE.search(payload):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _invalid(f"payload: not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise _invalid("payload: nested too deeply") from error
    except UnicodeEncodeError as error:
        raise _invalid("payload: half of a surrogate pair") from error
    if not isinstance(value, dict):
        raise _invalid("payload: expected a JSON object")
    if not _is_flatter(value, NESTING_MAX):
        raise _invalid("payload: nested too deeply")
    return value


def read_envelope(value: dict[str, Any]) -> RequestEnvelope:
    """Raises RequestError(INVALID_REQUEST) that lists every problem."""
    try:
        return RequestEnvelope.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    problems = [f"{'.'.join(str(part) for part in item['loc'])[:100]}: {_words(item)}" for item in found]
    raise _invalid(mask_long_digits("; ".join(problems[:20])))


def readable_id(value: dict[str, Any]) -> str | None:
    """The id of an envelope that is broken elsewhere, for its reply."""
    try:
        return RequestEnvelope.model_validate({"id": value.get("id")}).id
    except ValidationError:
        return None


def _words(found: Mapping[str, Any]) -> str:
    plain = {"extra_forbidden": "is not a field of a request", "missing": "is missing"}
    return plain.get(found["type"]) or in_words(found)


def _is_flatter(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        return levels > 0 and all(_is_flatter(part, levels - 1) for part in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_is_flatter(part, levels - 1) for part in value)
    return True


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _invalid("payload: a name stands twice in an object")
    return value


def _float(text: str) -> float:
    if len(text) > NUMBER_CHARACTERS_MAX or not math.isfinite(number := float(text)):
        raise _invalid("payload: a number is out of range")
    return number


def _int(text: str) -> int:
    if len(text) > NUMBER_CHARACTERS_MAX:
        raise _invalid("payload: a number is out of range")
    return int(text)


def _constant(text: str) -> NoReturn:
    raise _invalid(f"payload: {text} is not JSON")


def _invalid(message: str) -> RequestError:
    return RequestError(ErrorCode.INVALID_REQUEST, message)
