"""The tables of ``docs/configuration.md``, made from the models. The words around them are the page's own."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edge_gateway import settings, settings_kitchen, settings_printing, settings_transports, settings_uplinks
from edge_gateway.contracts import variable_measure
from edge_gateway.devices import profile_model
from edge_gateway.devices.profile_model import FirmwarePolicy, Match, Profile
from edge_gateway.settings import STREAM_DEFAULTS, GatewaySettings, StreamSettings
from edge_gateway.settings_uplinks import DeliverySettings
from tests.support.markdown import ROOT

PAGE: Final = ROOT / "docs/configuration.md"
_MODULES: Final = (
    settings,
    settings_kitchen,
    settings_printing,
    settings_uplinks,
    settings_transports,
    profile_model,
    variable_measure,
)
PROFILE: Final = (Profile, Match, FirmwarePolicy)
"""Of a firmware profile, which is a file of its own."""
STREAM_TABLE: Final = "defaults of the streams"
_BLOCK: Final = re.compile(r"(?P<begin><!-- keys: (?P<name>[\w ]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def rendered(page: str) -> str:
    """The page with each of its tables made anew."""
    return _BLOCK.sub(lambda block: block["begin"] + _table(block["name"]) + block["end"], page)


def shown(page: str) -> list[str]:
    """What the page has tables of."""
    return [block["name"] for block in _BLOCK.finditer(page)]


def expected() -> set[str]:
    """What it must have: every section of the schema, what all uplinks share, the transports, defaults of streams."""
    sections = {
        name for name, schema in GatewaySettings.model_json_schema()["$defs"].items() if schema.get("type") == "object"
    }
    transports = {name for name in vars(settings_transports) if name.endswith("TransportSettings") and _is_model(name)}
    transports.add(settings_transports.GpioLineSettings.__name__)
    return (
        sections
        | transports
        | {model.__name__ for model in PROFILE}
        | {GatewaySettings.__name__, DeliverySettings.__name__, STREAM_TABLE}
    )


def sections() -> Iterator[str]:
    """As headings of TOML: ``[outbox.encryption]``; the page has a heading for each."""
    yield from _sections(GatewaySettings.model_json_schema(), GatewaySettings.model_json_schema()["$defs"], "")


def _sections(schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, inner in schema.get("properties", {}).items():
        text = json.dumps({name: value for name, value in inner.items() if name != "default"})
        names = [name for name in re.findall(r'"#/\$defs/(\w+)"', text) if defs[name].get("type") == "object"]
        if not names:
            continue
        if inner.get("type") == "array":
            yield f"[[{prefix}{key}]]"
            continue
        yield f"[{prefix}{key}.NAME]" if "additionalProperties" in inner else f"[{prefix}{key}]"
        for name in names:
            yield from _sections(defs[name], defs, f"{prefix}{key}.")


def _is_model(name: str) -> bool:
    return any(
        isinstance(found, type) and issubclass(found, BaseModel)
        for found in (getattr(module, name, None) for module in _MODULES)
    )


def _table(name: str) -> str:
    if name == STREAM_TABLE:
        return _stream_table()
    return table(next(getattr(module, name) for module in _MODULES if hasattr(module, name)))


def table(model: type[BaseModel]) -> str:
    """The keys of a model, with their defaults and meanings."""
    is_uplink = issubclass(model, DeliverySettings) and model is not DeliverySettings
    shared: Collection[str] = DeliverySettings.model_fields if is_uplink else ()
    schema = model.model_json_schema()
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for key, field in model.model_fields.items():
        if key not in shared and not _is_section(schema["properties"][key], schema.get("$defs", {})):
            meaning = " ".join(part for part in (field.description, _range(schema["properties"][key])) if part)
            lines.append(f"| `{key}` | {_default(field)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _stream_table() -> str:
    lines = ["| stream | `sync` | `keep_days` |", "|---|---|---|"]
    for name, stream in STREAM_DEFAULTS.items():
        keep = _value(stream.keep_days)
        lines.append(f"| `{name}` | {_value(stream.sync)} | {keep} |")
    assert set(StreamSettings.model_fields) == {"sync", "window", "keep_days"}
    return "\n".join(lines) + "\n"


def _is_section(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> bool:
    names = re.findall(r'"#/\$defs/(\w+)"', json.dumps({key: schema[key] for key in schema if key != "default"}))
    return any(defs[name].get("type") == "object" for name in names)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return _value(field.get_default(call_default_factory=True))


def _value(value: object) -> str:
    """As TOML writes it."""
    if value is None:
        return "none"
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path | Enum):
        return json.dumps(str(value))
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{}"
    return str(value)


def _range(schema: Mapping[str, Any]) -> str:
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            schema = {**choice, **schema}
    if choices := schema.get("enum"):
        return f"One of {', '.join(f'`{_toml(choice)}`' for choice in choices)}."
    if "const" in schema:
        return f"`{_toml(schema['const'])}`."
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}."
    if schema.get("minimum", 0) > 0:
        return f"At least {schema['minimum']}."
    return ""
