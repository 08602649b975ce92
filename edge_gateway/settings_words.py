"""Plain words for the configuration: what a key expects, what was probably meant, a value without its secrets."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from edge_gateway.contracts.fields import PATTERN_WORDS, no_such_key
from edge_gateway.contracts.secrets import HIDDEN, looks_secret, without_credentials
from edge_gateway.settings import GatewaySettings
from edge_gateway.toml_lines import KeyPath

SHOWN_CHARS_MAX = 80
"""Of a value in a message: enough to find it, short enough for a terminal line."""

_PATTERN_WORDS = {
    **PATTERN_WORDS,
    r"^https?://": "an address that begins with https://",
    r"^https?://[A-Za-z0-9.\-\[\]:]+/?$": "an address such as http://proxy.example.com:3128, without credentials",
}
_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}


def dotted(path: Sequence[str | int]) -> str:
    """``device[1].transport.baud``; indexes count from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "file"


def key_path(key: str, data: Mapping[str, Any]) -> KeyPath:
    """Back from ``device[1].transport``, ``device.1.transport`` or, by its id, ``device.scale-1.transport``."""
    if (named := re.match(r"device[.\[]([^\]]+?)\]?(?:\.(?=[a-z])|$)", key)) and isinstance(data.get("device"), list):
        for index, entry in enumerate(data["device"]):
            if isinstance(entry, dict) and entry.get("id") == named[1]:
                rest = key[named.end() :]
                return ("device", index, *(part for part in rest.split(".") if part))
    parts = re.findall(r"[^.\[\]]+", key)
    return tuple(int(part) if part.isdigit() else part for part in parts)


def as_written(path: Sequence[str | int], data: Any) -> KeyPath:
    """A path of pydantic as the file has it: without the kinds of a union's models, which nobody wrote as keys."""
    kept: list[str | int] = []
    for part in path:
        if isinstance(data, Mapping) and part not in data and data.get("kind") == part:
            continue
        kept.append(part)
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
    return tuple(kept)


def shown(path: Sequence[str | int], data: Any) -> str:
    """The value at a key as the file has it: short, and hidden if it may be a secret."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return "(missing)" if not _is_secret(path) else HIDDEN
    return shown_value(path, data)


def shown_value(path: Sequence[str | int], value: Any) -> str:
    """The same of a value that was looked up already."""
    if _is_secret(path):
        return HIDDEN
    if isinstance(value, dict):
        return "(a table)"
    if isinstance(value, list):
        return "(a list)"
    text = without_credentials(repr(value) if not isinstance(value, bool) else str(value).lower())
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"


def _is_secret(path: Sequence[str | int]) -> bool:
    if tuple(path[-2:]) == ("transport", "pin"):
        return False  # of a drawer's connector, 2 or 5
    return any(isinstance(part, str) and looks_secret(part) for part in path)


def describe(path: Sequence[str | int]) -> str:
    """What a key expects: type, range or choices from the model's JSON Schema, and what it means.

    Of a union's model, the path has its kind before the key, as pydantic tells it.
    """
    schema = _schema_at(path)
    words = _expectation(schema)
    meaning = str(schema.get("description", "")).split("\n")[0].rstrip(" .")
    return f"{words} ({meaning})" if meaning else words


def kinds_at(path: Sequence[str | int]) -> list[str]:
    """Of the entries that can stand at a path."""
    return sorted(_schema_at(path).get("discriminator", {}).get("mapping", {}))


def did_you_mean(path: Sequence[str | int], *, value: str | None = None, known: Collection[str] | None = None) -> str:
    """For an unknown key: what it was probably meant to be, and the keys there are. For a value: only the guess."""
    if known is not None:
        near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.6)
        return f"; did you mean {near[0]}?" if near else ""
    return no_such_key(str(path[-1]), _schema_at(path[:-1]).get("properties", {}))


@functools.cache
def _schema() -> dict[str, Any]:
    return GatewaySettings.model_json_schema()


def _schema_at(path: Sequence[str | int]) -> dict[str, Any]:
    schema = _schema()
    for part in path:
        schema = _resolved(schema)
        kinds = schema.get("discriminator", {}).get("mapping", {})
        if part in kinds:
            schema = {"$ref": kinds[part]}
        else:
            schema = schema.get("items", {}) if isinstance(part, int) else schema.get("properties", {}).get(part, {})
    return _resolved(schema)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """References followed, the null of optional keys (which TOML cannot say) left out; the key's own words win."""
    outer = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            return {**_resolved(choice), **outer}
    if reference := schema.get("$ref"):
        return {**_schema()["$defs"][reference.rpartition("/")[2]], **outer}
    return outer


def _expectation(schema: Mapping[str, Any]) -> str:
    if choices := schema.get("enum"):
        return "one of " + ", ".join(map(str, choices))
    known = _PATTERN_WORDS.get(schema.get("pattern", ""))
    words = known or _TYPE_WORDS.get(schema.get("type", ""), "another value")
    if schema.get("minLength") or "maxLength" in schema:
        empty = ", not empty" if schema.get("minLength") else ""
        long = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
        return f"{words}{empty}{long}"
    if known:
        return words
    if "items" in schema:
        return f"{words}, each entry {_expectation(_resolved(schema['items']))}"
    if "minimum" in schema and "maximum" in schema:
        return f"{words} from {schema['minimum']} to {schema['maximum']}"
    if "minimum" in schema:
        return f"{words}, at least {schema['minimum']}"
    if "exclusiveMinimum" in schema:
        return f"{words} above {schema['exclusiveMinimum']}"
    return words
