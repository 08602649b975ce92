"""Labels from templates: ``{field}`` in the texts of a template becomes what the request gives for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import in_words
from edge_gateway.contracts.label import NUMBERED_MAX, PROBLEMS_SHOWN_MAX, QUANTITY_MAX, Label, parse_label

FIELDS_MAX: Final = 100
FIELD_CHARACTERS_MAX: Final = 500
DEPTH_MAX: Final = 8
"""Of a template: label, elements, element, value is four."""

_NAME_PATTERN: Final = r"^[a-z][a-z0-9_]{0,39}$"
_FORMAT_PATTERN: Final = r"^(?:[A-Z]:)?[A-Z0-9_]{1,16}(?:\.[A-Z0-9]{1,3})?$"
_NUMBER_PATTERN: Final = r"^[0-9]{1,4}$"
_WORDS: Final[Mapping[str, str]] = {
    _NAME_PATTERN: "1 to 40 small letters, digits or '_', the first a letter",
    _FORMAT_PATTERN: "the printer's own name of a format, such as PRICE, PRICE.ZPL or E:PRICE.ZPL, in capitals",
    _NUMBER_PATTERN: "the number of a field, such as 1",
}

Name = Annotated[str, Field(pattern=_NAME_PATTERN)]
FormatName = Annotated[str, Field(pattern=_FORMAT_PATTERN)]
FieldValue = Annotated[str, Field(max_length=FIELD_CHARACTERS_MAX)]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX, strict=True)]

_Model = TypeVar("_Model", bound=BaseModel)
_FIELD: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_COPY: Final = "copy"
_QUANTITY: Final = "quantity"


class FromTemplate(BaseModel):
    """A label by the name of its template (packaged, or of the printer's settings) and its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    template: Name
    fields: Annotated[dict[Name, FieldValue], Field(max_length=FIELDS_MAX)] = Field(default_factory=dict)
    quantity: Quantity = 1


class FromFormat(BaseModel):
    """A label by the name of a format that the printer keeps. ZPL and EPL number the fields of one: from 1 on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: FormatName
    fields: Annotated[dict[Annotated[str, Field(pattern=_NUMBER_PATTERN)], FieldValue], Field(max_length=FIELDS_MAX)]
    quantity: Quantity = 1


@dataclass(frozen=True, slots=True)
class LabelRun:
    """``quantity`` equal labels in a row. ``index``: of the first of them, from 1."""

    label: Label
    quantity: int
    index: int


def label_runs(value: Any, templates: Mapping[str, Mapping[str, Any]]) -> list[LabelRun]:
    """What is printed for ``params.label``, a label or a template with its fields.

    Raises RequestError(INVALID_REQUEST): what is wrong, at its place; NOT_FOUND: no such template.
    """
    fields: dict[str, str] = {}
    if isinstance(value, Mapping) and "template" in value:
        wanted = _parse(FromTemplate, value)
        if (template := templates.get(wanted.template)) is None:
            known = ", ".join(sorted(templates)) or "none"
            raise RequestError(ErrorCode.NOT_FOUND, f"label.template: {wanted.template!r} is not one of: {known}")
        value, fields = {**template, "quantity": wanted.quantity}, dict(wanted.fields)
        _require_fields(value, fields)
    is_numbered = isinstance(value, Mapping) and value.get("is_numbered") is True
    if not is_numbered:
        label = parse_label(_expand(value, fields) if fields else value)
        return [LabelRun(label, label.quantity, 1)]
    first = _numbered(value, fields, 1)
    if first.quantity > NUMBERED_MAX:
        text = f"label.quantity: {first.quantity}; at most {NUMBERED_MAX} numbered labels in one job"
        raise RequestError(ErrorCode.INVALID_REQUEST, text)
    others = [_numbered(value, fields, copy) for copy in range(2, first.quantity + 1)]
    return [LabelRun(label, 1, index) for index, label in enumerate((first, *others), start=1)]


def _numbered(value: Mapping[str, Any], fields: Mapping[str, str], copy: int) -> Label:
    numbers = {_COPY: str(copy), _QUANTITY: str(value.get("quantity", 1))}
    return parse_label(_expand(value, {**fields, **numbers}))


def parse_format(value: Any) -> FromFormat | None:
    """None: it names no format of the printer. Raises RequestError(INVALID_REQUEST)."""
    return _parse(FromFormat, value) if isinstance(value, Mapping) and "format" in value else None


def fields_of(template: Any) -> list[str]:
    """The names that a template asks for, in their order."""
    found: dict[str, None] = {}
    for text in _texts(template, 0):
        found |= dict.fromkeys(_FIELD.findall(text))
    return [name for name in found if name not in (_COPY, _QUANTITY)]


def _require_fields(template: Any, fields: Mapping[str, str]) -> None:
    wanted = fields_of(template)
    missing = [name for name in wanted if name not in fields]
    unknown = [name for name in fields if name not in wanted]
    if missing or unknown:
        problems = [f"{name} is missing" for name in missing] + [f"{name} is none of its fields" for name in unknown]
        words = f"label.fields: {'; '.join(problems)}; expected: {', '.join(wanted) or 'none'}"
        raise RequestError(ErrorCode.INVALID_REQUEST, words)


def _expand(value: Any, fields: Mapping[str, str]) -> Any:
    """Once: what a field holds is not expanded again. Elements with a text that became empty are left out."""
    if isinstance(value, str):
        return _FIELD.sub(lambda match: fields.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {key: _expand(item, fields) for key, item in value.items()}
    if isinstance(value, list):
        return [expanded for item in value if not _is_empty_text(expanded := _expand(item, fields))]
    return value


def _is_empty_text(element: Any) -> bool:
    return (
        isinstance(element, Mapping)
        and ("text" in element or "data" in element)
        and not (element.get("text") or element.get("data"))
    )


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < DEPTH_MAX:
        if isinstance(value, Mapping):
            for item in value.values():
                yield from _texts(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                yield from _texts(item, depth + 1)


def _parse(model: type[_Model], value: Any) -> _Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:PROBLEMS_SHOWN_MAX]
        text = "; ".join(f"label.{_place_of(item['loc'])}: {in_words(item, _WORDS)}" for item in found)
        raise RequestError(ErrorCode.INVALID_REQUEST, text) from error


def _place_of(path: tuple[int | str, ...]) -> str:
    """Without the mark that pydantic puts behind a key that is wrong itself."""
    return ".".join(str(part) for part in path if part != "[key]")
