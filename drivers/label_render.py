"""From ``params`` of ``print`` to the bytes of a label printer: labels, templates, formats that the printer keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from drivers.label_languages import LabelLanguage
from drivers.label_templates import PACKAGED_TEMPLATES
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.label import Label, LabelText
from edge_gateway.contracts.label_fields import label_runs, parse_format
from edge_gateway.contracts.printing import COPY_MARK, Rendered
from protocols.printers.label_layout import lay_out_label
from protocols.printers.label_placed import LaidOut

JOB_BYTES_MAX: Final = 8_000_000
"""200 numbered labels with pictures; a printer holds no more anyway."""


def render_labels(
    language: LabelLanguage, templates: Mapping[str, Mapping[str, Any]], content: Mapping[str, Any]
) -> Rendered:
    """Raises RequestError: INVALID_REQUEST with the place that is wrong; NOT_FOUND, UNSUPPORTED."""
    wanted = _label_of(content)
    if (kept := parse_format(wanted)) is not None:
        return _kept_format(language, kept, content)
    runs = label_runs(wanted, {**PACKAGED_TEMPLATES, **templates})
    data, cuts = bytearray(), []
    if (words := content.get(COPY_MARK)) is not None:
        mark = _copy_mark(language, str(words), runs[0].label)
        data += language.encode(mark, 1)
        cuts.append(len(data))
    replaced = pictured = labels = 0
    rasteriser = FontRasteriser()
    for run in runs:
        laid_out = lay_out_label(run.label, language.options, rasteriser)
        data += language.encode(laid_out, run.quantity)
        cuts.append(len(data))
        replaced += laid_out.replaced_count
        pictured += laid_out.pictured
        labels += run.quantity
        if len(data) > JOB_BYTES_MAX:
            text = f"label: more than {JOB_BYTES_MAX} bytes; print fewer numbered labels in one job"
            raise RequestError(ErrorCode.INVALID_REQUEST, text)
    return Rendered(bytes(data), tuple(cuts), replaced, {"labels": labels, "pictured_texts": pictured})


def _label_of(content: Mapping[str, Any]) -> Any:
    """``label``; or ``template`` with ``data``, which are its name and its fields."""
    if "label" in content:
        return content["label"]
    if "template" in content:
        data = dict(content.get("data") or {})
        quantity = data.pop("quantity", 1)
        fields = {name: _field(name, value) for name, value in data.items()}
        return {"template": content["template"], "fields": fields, "quantity": quantity}
    text = "a label printer takes label, or template and data; a document is for receipt printers"
    raise RequestError(ErrorCode.INVALID_REQUEST, text)


def _field(name: str, value: Any) -> str:
    """As it is printed; null is empty. Raises RequestError(INVALID_REQUEST): nobody wants JSON on a label."""
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value)
    kind = "an object" if isinstance(value, Mapping) else "a list"
    words = f"data.{name}: expected a text or a number, got {kind}"
    if name == "fields":
        words = f'{words}; data holds the fields themselves: "data": {{"name": "Apples"}}, not "data": {{"fields": …}}'
    raise RequestError(ErrorCode.INVALID_REQUEST, words)


def _kept_format(language: LabelLanguage, kept: Any, content: Mapping[str, Any]) -> Rendered:
    if language.encode_format is None:
        raise RequestError(ErrorCode.UNSUPPORTED, "label.format: this printer keeps no formats; send the label")
    if content.get(COPY_MARK) is not None:
        text = "label.format: a copy cannot be marked on a format that the printer keeps"
        raise RequestError(ErrorCode.UNSUPPORTED, text)
    data = language.encode_format(kept)
    return Rendered(data, (len(data),), 0, {"labels": kept.quantity, "pictured_texts": 0})


def _copy_mark(language: LabelLanguage, words: str, like: Label) -> LaidOut:
    """A label of its own before the copy: on the label itself it could cover a code."""
    text = LabelText(type="text", text=words, height_mm=min(like.height_mm / 2, 8), lines=2, overflow="cut")
    label = Label(width_mm=like.width_mm, height_mm=like.height_mm, elements=[text])
    return lay_out_label(label, language.options, FontRasteriser())
