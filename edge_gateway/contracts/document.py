"""A print document: what ``pos_printer/…/command/print`` takes as ``params.document``.

Content is checked here, before a byte goes to a printer: a barcode that cannot be drawn, or a control character that a
printer would take for a command, refuses the whole document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from edge_gateway.contracts.document_graphics import (
    IMAGE_BYTES_MAX,
    QR_BYTES_MAX,
    BarcodeElement,
    ImageElement,
    LogoElement,
    Pdf417Element,
    QrElement,
    base64_bytes,
)
from edge_gateway.contracts.document_text import (
    SIZE_MAX,
    TEXT_CHARACTERS_MAX,
    ColumnsElement,
    Part,
    RuleElement,
    TableElement,
    TextElement,
    text_characters,
)
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import in_words

__all__ = [
    "QR_BYTES_MAX",
    "SIZE_MAX",
    "TEXT_CHARACTERS_MAX",
    "BarcodeElement",
    "BuzzerElement",
    "ColumnsElement",
    "CutElement",
    "Document",
    "DrawerElement",
    "Element",
    "FeedElement",
    "ImageElement",
    "LogoElement",
    "Pdf417Element",
    "QrElement",
    "RawElement",
    "RuleElement",
    "TableElement",
    "TextElement",
    "opens_drawer",
    "parse_document",
]

ELEMENTS_MAX = 500
"""Of a document: about five metres of paper, ten times the longest receipt seen."""
CHARACTERS_MAX = 20_000
"""Of a document, all its texts together: 20 s of printing at 9600 baud stays inside a print job's deadline."""
FEED_LINES_MAX = 50
"""Of one feed: about 20 cm of paper; more is a mistake."""
DRAWER_KICKS_MAX = 2
"""Of a document: a solenoid that is fired again and again burns out."""
BUZZERS_MAX = 5
"""Of a document: a kitchen that beeps for minutes is switched off by its cook."""
RAW_BYTES_MAX = 4_096
"""Of one raw element: a form feed, a mode, a stored macro. A picture is an image element."""
PROBLEMS_SHOWN_MAX = 10
"""In one refusal; the rest is counted."""


def _raw_data(value: str) -> str:
    if not 0 < (size := len(base64_bytes(value))) <= RAW_BYTES_MAX:
        raise ValueError(f"{size} bytes; a raw element takes 1 to {RAW_BYTES_MAX}")
    return value


class FeedElement(Part):
    """Blank paper, in lines."""

    type: Literal["feed"]
    lines: int = Field(1, ge=1, le=FEED_LINES_MAX, strict=True)


class CutElement(Part):
    """Feed to the knife and cut."""

    type: Literal["cut"]
    mode: Literal["partial", "full"] | None = Field(None, description="Default: as the printer is set.")


class DrawerElement(Part):
    """A pulse on the drawer pin that is configured for the printer, in its place in the document."""

    type: Literal["drawer"]


class BuzzerElement(Part):
    """The printer's buzzer, in its place in the document, as in a kitchen."""

    type: Literal["buzzer"]
    times: int = Field(1, ge=1, le=9, strict=True)
    duration_ms: int = Field(200, ge=100, le=900, strict=True, description="Of one sound, in steps of 100 ms.")


class RawElement(Part):
    """Bytes in the printer's own language. Refused but for commands that the printer's settings list (raw_commands)."""

    type: Literal["raw"]
    data: Annotated[str, Field(min_length=1), AfterValidator(_raw_data)] = Field(description="In base64.")

    def commands(self) -> bytes:
        """As they were sent."""
        return base64_bytes(self.data)


Element = Annotated[
    TextElement
    | ColumnsElement
    | TableElement
    | RuleElement
    | QrElement
    | Pdf417Element
    | BarcodeElement
    | ImageElement
    | LogoElement
    | FeedElement
    | CutElement
    | DrawerElement
    | BuzzerElement
    | RawElement,
    Field(discriminator="type"),
]


def _document(elements: list[Element]) -> list[Element]:
    characters = sum(_characters(element) for element in elements)
    if characters > CHARACTERS_MAX:
        raise ValueError(f"{characters} characters; a document takes at most {CHARACTERS_MAX}")
    for kind, name, most in ((DrawerElement, "drawer", DRAWER_KICKS_MAX), (BuzzerElement, "buzzer", BUZZERS_MAX)):
        count = sum(isinstance(element, kind) for element in elements)
        if count > most:
            raise ValueError(f"{count} {name} elements; a document takes at most {most}")
    image_bytes = sum(len(element.file()) for element in elements if isinstance(element, ImageElement))
    if image_bytes > IMAGE_BYTES_MAX:
        raise ValueError(f"{image_bytes} bytes of images; a document takes at most {IMAGE_BYTES_MAX}")
    return elements


Document = Annotated[list[Element], Field(min_length=1, max_length=ELEMENTS_MAX), AfterValidator(_document)]


_DOCUMENT: TypeAdapter[list[Element]] = TypeAdapter(Document)


def parse_document(value: Any) -> Sequence[Element]:
    """The document from JSON-like data. Raises RequestError(INVALID_REQUEST) that lists its problems."""
    try:
        return tuple(_DOCUMENT.validate_python(value))
    except ValidationError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, _describe(error)) from error


def opens_drawer(document: Sequence[Element]) -> bool:
    """There is a drawer element in it."""
    return any(isinstance(element, DrawerElement) for element in document)


def _characters(element: Element) -> int:
    match element:
        case TextElement(text=text):
            return text_characters(text)
        case ColumnsElement(left=left, right=right):
            return text_characters(left) + text_characters(right)
        case TableElement(header=header, rows=rows):
            return sum(text_characters(cell) for row in (header or [], *rows) for cell in row)
        case QrElement(data=data) | BarcodeElement(data=data) | Pdf417Element(data=data):
            return len(data)
        case _:
            return 0


def _describe(error: ValidationError) -> str:
    """``document[2].size[0]: Input should be less than or equal to 8``, each problem once, without the input."""
    problems = []
    found = error.errors(include_url=False, include_input=False)
    for item in found:
        if item["type"] == "too_short" and len(found) > 1:
            continue  # counted after the elements that failed were left out
        path = "document"
        for index, part in enumerate(item["loc"]):
            # The second part of a path is the tag that chose the element's model, and what begins with a sign the kind
            # of a text: neither is in the sender's JSON.
            if index != 1 and not str(part).startswith("-"):
                path += f"[{part}]" if isinstance(part, int) else f".{part}"
        problems.append(f"{path}: {in_words(item)}")
    shown = "; ".join(problems[:PROBLEMS_SHOWN_MAX])
    hidden = len(problems) - PROBLEMS_SHOWN_MAX
    return shown if hidden <= 0 else f"{shown}; and {hidden} more"
