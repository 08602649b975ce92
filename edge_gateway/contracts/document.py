"""A print document: what ``pos_printer/…/command/print`` takes as ``params.document``.

Content is checked here, before a byte goes to a printer: a barcode that cannot be drawn, or a control character that a
printer would take for a command, refuses the whole document.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic import model_validator as _model_validator

from edge_gateway.contracts.barcode_data import BARCODE_CHARACTERS_MAX, Symbology, barcode_problem, canonical_symbology
from edge_gateway.contracts.errors import ErrorCode, RequestError

ELEMENTS_MAX = 500
"""Of a document: about five metres of paper, ten times the longest receipt seen."""
CHARACTERS_MAX = 20_000
"""Of a document, all its texts together: 20 s of printing at 9600 baud stays inside a print job's deadline."""
TEXT_CHARACTERS_MAX = 4_000
"""Of one text element."""
QR_BYTES_MAX = 997
"""Of one QR code in UTF-8: version 25 at level M, the largest that an 58 mm head still prints with readable dots."""
FEED_LINES_MAX = 50
"""Of one feed: about 20 cm of paper; more is a mistake."""
SIZE_MAX = 8
"""Widest and tallest magnification of ESC/POS (GS !)."""
DRAWER_KICKS_MAX = 2
"""Of a document: a solenoid that is fired again and again burns out."""
PROBLEMS_SHOWN_MAX = 10
"""In one refusal; the rest is counted."""


def _reject_controls(value: str, allowed: str = "") -> str:
    for character in value:
        if unicodedata.category(character) == "Cc" and character not in allowed:
            raise ValueError(f"control character U+{ord(character):04X} is not allowed")
    return value


def _text(value: str) -> str:
    return _reject_controls(value.replace("\r\n", "\n"), allowed="\n")


def _qr_data(value: str) -> str:
    size = len(_reject_controls(value, allowed="\r\n").encode())
    if size > QR_BYTES_MAX:
        raise ValueError(f"{size} bytes in UTF-8; a QR code takes at most {QR_BYTES_MAX}")
    return value


LineText = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX), AfterValidator(_reject_controls)]
Text = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX), AfterValidator(_text)]
Magnification = Annotated[int, Field(ge=1, le=SIZE_MAX, strict=True)]
Switch = Annotated[bool, Field(strict=True)]


class _Element(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextElement(_Element):
    """Text, wrapped to the paper; a newline in it starts a new line."""

    type: Literal["text"]
    text: Text
    align: Literal["left", "center", "right"] = "left"
    bold: Switch = False
    underline: Switch = False
    size: tuple[Magnification, Magnification] = Field((1, 1), description="Width and height, in multiples.")


class ColumnsElement(_Element):
    """One line with a text at each edge; a long left text is wrapped, with the right text on its last line."""

    type: Literal["columns"]
    left: LineText
    right: LineText


class RuleElement(_Element):
    """A line across the paper."""

    type: Literal["rule"]


class QrElement(_Element):
    """A QR code, centred, error correction level M, its dots as large as the paper lets them be (6 at most)."""

    type: Literal["qr"]
    data: Annotated[str, Field(min_length=1, max_length=QR_BYTES_MAX), AfterValidator(_qr_data)]


class BarcodeElement(_Element):
    """A barcode, centred, with its text below. EAN and UPC take their data with or without the check digit."""

    type: Literal["barcode"]
    symbology: Annotated[Symbology, BeforeValidator(canonical_symbology)]
    data: Annotated[str, Field(min_length=1, max_length=BARCODE_CHARACTERS_MAX)]

    @_model_validator(mode="after")
    def _check_data(self) -> BarcodeElement:
        if (problem := barcode_problem(self.symbology, self.data)) is not None:
            raise ValueError(problem)
        return self


class FeedElement(_Element):
    """Blank paper, in lines."""

    type: Literal["feed"]
    lines: int = Field(1, ge=1, le=FEED_LINES_MAX, strict=True)


class CutElement(_Element):
    """Feed to the knife and cut."""

    type: Literal["cut"]


class DrawerElement(_Element):
    """A pulse on the drawer pin that is configured for the printer, in its place in the document."""

    type: Literal["drawer"]


Element = Annotated[
    TextElement | ColumnsElement | RuleElement | QrElement | BarcodeElement | FeedElement | CutElement | DrawerElement,
    Field(discriminator="type"),
]


def _document(elements: list[Element]) -> list[Element]:
    characters = sum(_characters(element) for element in elements)
    if characters > CHARACTERS_MAX:
        raise ValueError(f"{characters} characters; a document takes at most {CHARACTERS_MAX}")
    kicks = sum(isinstance(element, DrawerElement) for element in elements)
    if kicks > DRAWER_KICKS_MAX:
        raise ValueError(f"{kicks} drawer elements; a document takes at most {DRAWER_KICKS_MAX}")
    return elements


Document = Annotated[list[Element], Field(min_length=1, max_length=ELEMENTS_MAX), AfterValidator(_document)]


class PrintParams(BaseModel):
    """``params`` of the command ``print``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: Document


_DOCUMENT: TypeAdapter[list[Element]] = TypeAdapter(Document)


def parse_document(value: Any) -> Sequence[Element]:
    """The document from JSON-like data. Raises RequestError(INVALID_REQUEST) that lists its problems."""
    try:
        return tuple(_DOCUMENT.validate_python(value))
    except ValidationError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, _describe(error)) from error


def _characters(element: Element) -> int:
    match element:
        case TextElement(text=text):
            return len(text)
        case ColumnsElement(left=left, right=right):
            return len(left) + len(right)
        case QrElement(data=data) | BarcodeElement(data=data):
            return len(data)
        case _:
            return 0


def _describe(error: ValidationError) -> str:
    """``document[2].size[0]: Input should be less than or equal to 8``, each problem once, without the input."""
    problems = []
    found = error.errors(include_url=False, include_input=False, include_context=False)
    for item in found:
        if item["type"] == "too_short" and len(found) > 1:
            continue  # counted after the elements that failed were left out
        path = "document"
        for index, part in enumerate(item["loc"]):
            # The second part of a path is the tag that chose the element's model: not in the sender's JSON.
            if index != 1:
                path += f"[{part}]" if isinstance(part, int) else f".{part}"
        problems.append(f"{path}: {item['msg'].removeprefix('Value error, ')}")
    shown = "; ".join(problems[:PROBLEMS_SHOWN_MAX])
    hidden = len(problems) - PROBLEMS_SHOWN_MAX
    return shown if hidden <= 0 else f"{shown}; and {hidden} more"
