"""The tables of ``docs/print-templates.md``: what each packaged template takes, made from the models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from edge_gateway.contracts.print_data import DATA_MODELS
from tests.support.markdown import ROOT

PAGE: Final = ROOT / "docs/print-templates.md"
_BLOCK: Final = re.compile(r"(?P<begin><!-- data: (?P<names>[\w, ]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
_OF_ALL: Final = frozenset({"language", "locale", "timezone", "currency"})
"""What every template takes is told once, in words."""
_TYPES: Final = {"string": "text", "integer": "a whole number", "boolean": "true or false"}


def rendered(page: str) -> str:
    """The page with each of its tables made anew."""
    return _BLOCK.sub(lambda block: block["begin"] + _table(block["names"].split(", ")[0]) + block["end"], page)


def shown(page: str) -> set[str]:
    """The templates that the page has a table of."""
    return {name for block in _BLOCK.finditer(page) for name in block["names"].split(", ")}


def _table(template: str) -> str:
    schema = DATA_MODELS[template].model_json_schema()
    lines = [f"| `{place}` | {words} |" for place, words in _rows(schema, schema.get("$defs", {}), "")]
    return "\n".join(["| field | is |", "|---|---|", *lines, ""])


def _rows(schema: Mapping[str, Any], parts: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    required = schema.get("required", [])
    for name, own in schema["properties"].items():
        if not place and name in _OF_ALL and name not in required:
            continue
        kind = next((each for each in own.get("anyOf", []) if each.get("type") != "null"), own)
        items = kind.get("items", {})
        part = (items or kind).get("$ref", "").rpartition("/")[2]
        told = own.get("description") or parts.get(part, {}).get("description", "").split("\n")[0]
        words = ", ".join(filter(None, ("required" if name in required else "", _words(kind, part))))
        told = told.replace("``", "`").rstrip(" .")
        yield f"{place}{name}", f"{words}: {told}" if told else words
        if part and part != "Transaction":
            yield from _rows(parts[part], parts, f"{place}{name}[]." if items else f"{place}{name}.")


def _words(kind: Mapping[str, Any], part: str) -> str:
    if "enum" in kind:
        return ", ".join(f"`{each}`" for each in kind["enum"])
    if kind.get("type") == "array":
        return "a list" if part else "a list of texts"
    if part:
        return "as `submit_transaction` takes it" if part == "Transaction" else "an object"
    is_decimal = "0-9]{0," in kind.get("pattern", "")
    return "decimal text" if is_decimal else _TYPES.get(kind.get("type", ""), "any value")
