"""Templates of what stores print: a name and data to a print document.

Packaged: receipt, refund, x_report, z_report, kitchen_ticket, shelf_label, shipping_label, pick_ticket. A site puts
``NAME.jinja`` into its folder to have its own in place of a packaged one, or a new one. A template writes elements of a
document as JSON objects, one after the other.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.print_data import DATA_MODELS, TRANSACTION_TYPES
from edge_gateway.services.print_formats import DEFAULT_LANGUAGE, filters, locale_of

NAME_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
SUFFIX: Final = ".jinja"
PROBLEMS_SHOWN_MAX: Final = 10
_WHITE: Final = re.compile(r"[\s,]*")


def expand(template: str, data: Mapping[str, Any], site_directory: Path | None = None) -> list[dict[str, Any]]:
    """The document, JSON-like, to be checked as any document. Reads files: call it in a thread.

    ``data`` may hold ``language`` (ISO 639), ``locale`` (formats and words in place of the language's own),
    ``currency`` and ``timezone``. Raises RequestError: NOT_FOUND (no such template), INVALID_REQUEST (names the
    template, its line, and what is missing or wrong).
    """
    folders = _folders(site_directory)
    if not NAME_PATTERN.match(template) or not any((folder / f"{template}{SUFFIX}").is_file() for folder in folders):
        known = ", ".join(template_names(site_directory))
        raise RequestError(ErrorCode.NOT_FOUND, f"template {template!r}: expected one of {known}")
    told = _checked(template, data)
    if site_directory is None or not (site_directory / f"{template}{SUFFIX}").is_file():
        _require_type(template, told)
    try:
        locale = locale_of(str(told.get("language") or DEFAULT_LANGUAGE), told.get("locale") or {})
    except (ValueError, AttributeError, TypeError) as error:
        raise _refusal(template, None, str(error)) from error
    return _elements(template, _written(template, folders, told, locale))


def template_names(site_directory: Path | None = None) -> list[str]:
    """Packaged ones and the site's own; one whose name begins with _ is a part of others."""
    found = (path.stem for folder in _folders(site_directory) for path in folder.glob(f"*{SUFFIX}"))
    return sorted({name for name in found if NAME_PATTERN.match(name)})


def _folders(site_directory: Path | None) -> list[Path]:
    packaged = Path(str(importlib.resources.files("edge_gateway").joinpath("resources", "print_templates")))
    return [packaged] if site_directory is None else [site_directory, packaged]


def _checked(template: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """With every field of the template's model, where it has one."""
    model: type[BaseModel] | None = DATA_MODELS.get(template)
    if model is None:
        return dict(data)
    try:
        return model.model_validate(dict(data)).model_dump(mode="json")
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        problems = [f"data.{'.'.join(map(str, each['loc']))}: {_plain(each['msg'])}" for each in found]
        if "fields" in data and "fields" not in model.model_fields:
            problems.insert(0, 'data.fields: data holds the fields themselves: leave "fields" out, and its braces')
        hidden = len(problems) - PROBLEMS_SHOWN_MAX
        shown = "; ".join(problems[:PROBLEMS_SHOWN_MAX]) + (f"; and {hidden} more" if hidden > 0 else "")
        raise _refusal(template, None, shown) from error


def _require_type(template: str, data: Mapping[str, Any]) -> None:
    """What the packaged templates say on paper is true of the transaction."""
    types, found = TRANSACTION_TYPES.get(template), (data.get("transaction") or {}).get("type")
    if types is not None and found not in types:
        expected = ", ".join(sorted(types))
        raise _refusal(template, None, f"data.transaction.type: {found}; this template prints {expected}")


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("\n", "; ")


def _written(template: str, folders: Iterable[Path], data: Mapping[str, Any], locale: Mapping[str, Any]) -> str:
    from jinja2 import FileSystemLoader, TemplateError, TemplateSyntaxError  # only where something is printed

    from edge_gateway.services.template_sandbox import BoundedEnvironment, TemplateLimitError

    transaction = data.get("transaction")
    defaults = transaction if isinstance(transaction, Mapping) else {}
    currency, timezone = (data.get(key) or defaults.get(key) for key in ("currency", "timezone"))
    environment = BoundedEnvironment(FileSystemLoader(list(folders)), filters(locale, currency, timezone))
    try:
        return environment.written(f"{template}{SUFFIX}", {**data, "locale": locale})
    except TemplateSyntaxError as error:
        raise _refusal(str(error.name or template), error.lineno, str(error.message)) from error
    except RecursionError as error:
        raise _refusal(template, None, "it includes or calls itself") from error
    except (TemplateError, TemplateLimitError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise _refusal(*_place(error, template), str(error)) from error
    except OSError as error:
        raise _refusal(template, None, f"{error.filename}: {error.strerror}") from error


def _place(error: BaseException, template: str) -> tuple[str, int | None]:
    """Jinja puts the template's own lines into the traceback."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith(SUFFIX):
            return frame.filename, frame.lineno
    return template, None


def _elements(template: str, written: str) -> list[dict[str, Any]]:
    """One JSON object after the other; commas between them are nobody's mistake."""
    decoder, at = json.JSONDecoder(), 0
    elements: list[dict[str, Any]] = []
    while (at := _end_of_white(written, at)) < len(written):
        try:
            element, end = decoder.raw_decode(written, at)
        except (json.JSONDecodeError, RecursionError) as error:
            near = written[at : at + 120].replace("\n", " ")
            what = getattr(error, "msg", "nested too deeply")
            raise _refusal(template, None, f"element {len(elements)} is no JSON ({what}): {near}") from error
        if not isinstance(element, dict):
            raise _refusal(template, None, f"element {len(elements)} is no JSON object: {written[at:end][:120]}")
        elements.append(element)
        at = end
    return elements


def _end_of_white(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    return found.end() if found else at


def _refusal(template: str, line: int | None, problem: str) -> RequestError:
    place = f"template {Path(template).name.removesuffix(SUFFIX)}" + (f", line {line}" if line else "")
    return RequestError(ErrorCode.INVALID_REQUEST, f"{place}: {problem}"[:2000])
