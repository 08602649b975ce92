"""A label: what a label printer takes as ``params.label`` of ``print``. Places and sizes are millimetres.

Content is checked here, before a byte goes to a printer: a barcode that cannot be drawn, or a control character that a
printer would take for a command, refuses the whole label. Whether it fits is checked where a printer's dots are known.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic import model_validator as _model_validator

from edge_gateway.contracts.barcode_data import BARCODE_CHARACTERS_MAX, Symbology, barcode_problem, canonical_symbology
from edge_gateway.contracts.bitmap import Dither
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import in_words

ELEMENTS_MAX: Final = 200
"""Of a label: a shipping label has about forty."""
TEXT_CHARACTERS_MAX: Final = 500
"""Of one text: a list of ingredients."""
QR_BYTES_MAX: Final = 997
"""Of one QR code in UTF-8: version 25 at level M, as on receipts."""
DATA_MATRIX_CHARACTERS_MAX: Final = 800
"""ASCII characters of the largest square symbol that is 50 mm wide at half a millimetre a module."""
PDF417_BYTES_MAX: Final = 500
IMAGE_CHARACTERS_MAX: Final = 200_000
"""Of one image in base64: 150 KB of a PNG file; a request on the bus has 262,144 bytes at most."""
QUANTITY_MAX: Final = 1_000
"""Of one job: a roll has 500 to 2,000 labels, and who prints more made a mistake."""
NUMBERED_MAX: Final = 200
"""Of one job with numbered copies: each is sent by itself."""
WIDTH_MM_MAX: Final = 220
HEIGHT_MM_MAX: Final = 600
PROBLEMS_SHOWN_MAX: Final = 10
"""In one refusal; the rest is counted."""


def _reject_controls(value: str) -> str:
    for character in value:
        if unicodedata.category(character) == "Cc":
            raise ValueError(f"control character U+{ord(character):04X} is not allowed")
    return value


def _lines(value: str) -> str:
    _reject_controls(value.replace("\r\n", "\n").replace("\n", ""))
    return value.replace("\r\n", "\n")


def _bytes_at_most(most: int, what: str) -> Any:
    def check(value: str) -> str:
        if (size := len(_reject_controls(value).encode())) > most:
            raise ValueError(f"{size} bytes in UTF-8; a {what} takes at most {most}")
        return value

    return AfterValidator(check)


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from None
    return value


Millimetres = Annotated[Decimal, Field(ge=0, le=HEIGHT_MM_MAX, max_digits=6, decimal_places=3)]
Size = Annotated[Decimal, Field(gt=0, le=HEIGHT_MM_MAX, max_digits=6, decimal_places=3)]
Rotation = Literal[0, 90, 180, 270]


class _Element(BaseModel):
    """``x_mm`` and ``y_mm``: the upper left corner of what is drawn, as it stands on the label, from the label's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    x_mm: Millimetres = Decimal(0)
    y_mm: Millimetres = Decimal(0)


class LabelText(_Element):
    """Text in any script: in the printer's own font where it has the characters, else as a picture.

    ``width_mm``: the box that it is aligned in and must fit; without it, to the label's right edge.
    """

    type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX), AfterValidator(_lines)]
    height_mm: Annotated[Decimal, Field(ge=1, le=60)] = Field(
        Decimal(3), description="Of a line. A printer's own font is chosen no larger."
    )
    width_mm: Size | None = None
    align: Literal["left", "center", "right"] = "left"
    lines: int = Field(1, ge=1, le=20, strict=True, description="It may be wrapped into so many lines.")
    overflow: Literal["refuse", "shrink", "cut"] = Field(
        "refuse", description="Too long: refuse the label, print smaller (to half the height at most), or leave out."
    )
    rotation: Rotation = 0


class LabelBarcode(_Element):
    """A barcode. EAN and UPC take their data with or without the check digit, GS1-128 with identifiers in brackets."""

    type: Literal["barcode"]
    symbology: Annotated[Symbology, BeforeValidator(canonical_symbology)]
    data: Annotated[str, Field(min_length=1, max_length=BARCODE_CHARACTERS_MAX)]
    height_mm: Annotated[Decimal, Field(ge=2, le=100)] = Decimal(10)
    module_mm: Annotated[Decimal, Field(ge=Decimal("0.1"), le=2)] = Field(
        Decimal("0.25"), description="Width of the narrowest bar; rounded down to whole dots."
    )
    has_text: Annotated[bool, Field(strict=True)] = Field(True, description="The data in letters below the bars.")
    rotation: Rotation = 0

    @_model_validator(mode="after")
    def _check_data(self) -> LabelBarcode:
        if (problem := barcode_problem(self.symbology, self.data)) is not None:
            raise ValueError(problem)
        return self


class LabelQr(_Element):
    """A QR code; four modules around it should stay white."""

    type: Literal["qr"]
    data: Annotated[str, Field(min_length=1), _bytes_at_most(QR_BYTES_MAX, "QR code")]
    module_mm: Annotated[Decimal, Field(ge=Decimal("0.1"), le=5)] = Decimal("0.5")
    level: Literal["L", "M", "Q", "H"] = "M"


class LabelDataMatrix(_Element):
    """A Data Matrix code (ECC 200), square. With ``is_gs1`` the data has its identifiers in brackets."""

    type: Literal["data_matrix"]
    data: Annotated[str, Field(min_length=1, max_length=DATA_MATRIX_CHARACTERS_MAX, pattern=r"^[ -~]+$")]
    module_mm: Annotated[Decimal, Field(ge=Decimal("0.1"), le=5)] = Decimal("0.5")
    is_gs1: Annotated[bool, Field(strict=True)] = False

    @_model_validator(mode="after")
    def _check_data(self) -> LabelDataMatrix:
        if self.is_gs1 and (problem := barcode_problem(Symbology.GS1_128, self.data)) is not None:
            raise ValueError(problem)
        return self


class LabelPdf417(_Element):
    """A PDF417 symbol, as on parcel labels. ``columns``: of data; its rows follow from the data."""

    type: Literal["pdf417"]
    data: Annotated[str, Field(min_length=1), _bytes_at_most(PDF417_BYTES_MAX, "PDF417")]
    module_mm: Annotated[Decimal, Field(ge=Decimal("0.1"), le=2)] = Decimal("0.25")
    row_mm: Annotated[Decimal, Field(ge=Decimal("0.3"), le=5)] = Decimal("0.75")
    columns: int = Field(4, ge=1, le=30, strict=True)
    level: int = Field(2, ge=0, le=8, strict=True)


class LabelBox(_Element):
    """A frame. ``thickness_mm`` of half its side fills it."""

    type: Literal["box"]
    width_mm: Size
    height_mm: Size
    thickness_mm: Size = Decimal("0.5")


class LabelLine(_Element):
    """A line from left to right, or downwards."""

    type: Literal["line"]
    length_mm: Size
    direction: Literal["horizontal", "vertical"] = "horizontal"
    thickness_mm: Size = Decimal("0.5")


class LabelImage(_Element):
    """A picture, made black and white and scaled to ``width_mm``."""

    type: Literal["image"]
    data: Annotated[str, Field(min_length=1, max_length=IMAGE_CHARACTERS_MAX), AfterValidator(_base64)] = Field(
        description="A PNG, JPEG, GIF or BMP file in base64."
    )
    width_mm: Size
    dither: Dither = "floyd_steinberg"

    def file(self) -> bytes:
        """The image as it was sent."""
        return base64.b64decode(self.data)


LabelElement = Annotated[
    LabelText | LabelBarcode | LabelQr | LabelDataMatrix | LabelPdf417 | LabelBox | LabelLine | LabelImage,
    Field(discriminator="type"),
]


class Label(BaseModel):
    """One label. ``is_numbered``: ``{copy}`` and ``{quantity}`` in its texts and codes become 1 of 3, 2 of 3 ..."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width_mm: Annotated[Decimal, Field(ge=5, le=WIDTH_MM_MAX)]
    height_mm: Annotated[Decimal, Field(ge=5, le=HEIGHT_MM_MAX)]
    elements: Annotated[list[LabelElement], Field(min_length=1, max_length=ELEMENTS_MAX)]
    quantity: int = Field(1, ge=1, le=QUANTITY_MAX, strict=True)
    is_numbered: Annotated[bool, Field(strict=True)] = False


def parse_label(value: Any) -> Label:
    """Raises RequestError(INVALID_REQUEST) that lists its problems, each at its place."""
    try:
        return Label.model_validate(value)
    except ValidationError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, _describe(error)) from error


def _describe(error: ValidationError) -> str:
    """``label.elements[2].data: ...``, each problem once, without the input."""
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        path = "label"
        for index, part in enumerate(item["loc"]):
            # The third part of an element's path is the tag that chose its model: not in the sender's JSON.
            if index != 2 or item["loc"][0] != "elements":
                path += f"[{part}]" if isinstance(part, int) else f".{part}"
        problems.append(f"{path}: {in_words(item)}")
    shown = "; ".join(problems[:PROBLEMS_SHOWN_MAX])
    hidden = len(problems) - PROBLEMS_SHOWN_MAX
    return shown if hidden <= 0 else f"{shown}; and {hidden} more"
