"""JSON Schemas from the models, in files and as parts of the AsyncAPI document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edge_gateway.contracts.cloudevents import SCHEMA_BASE
from edge_gateway.schemas.catalogue import file_models

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_COMPONENT: Final = "#/components/schemas/{model}"


def schema_files() -> dict[str, dict[str, Any]]:
    """File name to schema. The ``$id`` of an event's schema is the ``dataschema`` of its CloudEvents."""
    files = {}
    for name, (model, is_sent) in file_models().items():
        schema = model.model_json_schema(mode=_mode(is_sent))
        files[f"{name}.json"] = {"$schema": DIALECT, "$id": f"{SCHEMA_BASE}:{name}", **schema}
    return files


def components(models: Iterable[type[BaseModel]], *, is_sent: bool) -> dict[str, Any]:
    """Schemas by model name that refer to each other below ``#/components/schemas``, in the words of AsyncAPI 3."""
    mode = _mode(is_sent)
    _, found = models_json_schema([(model, mode) for model in models], ref_template=_COMPONENT)
    definitions: dict[str, Any] = found.get("$defs", {})
    return {name: _for_asyncapi(schema) for name, schema in sorted(definitions.items())}


def _mode(is_sent: bool) -> Literal["serialization", "validation"]:
    return "serialization" if is_sent else "validation"


def _for_asyncapi(schema: Any) -> Any:
    """Its schemas are draft 07: tuples have another word, and ``discriminator`` is a name, which we leave out."""
    if isinstance(schema, list):
        return [_for_asyncapi(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {key: _for_asyncapi(value) for key, value in schema.items() if key != "discriminator"}
    if "prefixItems" in converted:
        converted["items"] = converted.pop("prefixItems")
    return converted
