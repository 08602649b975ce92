"""What is printed: a template becomes a document, a copy gets its mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printing import COPY_MARK
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.services.print_templates import expand

Prepare = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Device class, and what is asked for: to what a driver renders. Reads files: called in a thread. Raises
RequestError."""

_MARK_SIZE: Final = (2, 2)
_INVISIBLE: Final = frozenset({"feed", "cut", "buzzer", "drawer"})
"""Elements that put nothing on a piece of paper."""


def prepare(site_templates: Path) -> Prepare:
    """With the templates of the site before the packaged ones. Printers of labels have templates of their own."""

    def prepared(device_class: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        found = dict(content)
        if "template" in found and device_class != DeviceClass.LABEL_PRINTER:
            template, data = found.pop("template"), found.pop("data", {})
            if not isinstance(template, str) or not isinstance(data, Mapping):
                raise RequestError(ErrorCode.INVALID_REQUEST, "print: template is a name, and data an object")
            found["document"] = expand(template, data, site_templates)
        return found

    return prepared


def marked_as_copy(content: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """The same, with words that a person sees at once: first on each piece of paper of a document; the driver puts them
    on a label."""
    if "document" not in content:
        return {**content, COPY_MARK: mark}
    words = {"type": "text", "text": mark, "align": "center", "bold": True, "size": list(_MARK_SIZE)}
    marked: list[Mapping[str, Any]] = []
    is_new_piece = True
    for element in content["document"]:
        kind = element.get("type")
        if kind == "drawer":
            continue  # no sale, no cash
        if is_new_piece and kind not in _INVISIBLE:
            marked += [words, {"type": "rule"}]
            is_new_piece = False
        marked.append(element)
        is_new_piece = is_new_piece or kind == "cut"
    return {**content, "document": marked}
