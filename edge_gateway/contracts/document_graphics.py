"""Elements of a print document that are drawn: QR codes, PDF417, barcodes, images, logos."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic import model_validator as _model_validator

from edge_gateway.contracts.barcode_data import BARCODE_CHARACTERS_MAX, Symbology, barcode_problem, canonical_symbology
from edge_gateway.contracts.bitmap import Dither
from edge_gateway.contracts.document_text import Part, Switch, reject_controls
from edge_gateway.contracts.fields import LOGO_NAME_PATTERN
from edge_gateway.contracts.printed_text import Align

QR_BYTES_MAX = 997
"""Of one QR code in UTF-8: version 25 at level M, the largest that an 58 mm head still prints with readable dots."""
PDF417_BYTES_MAX = 500
"""Of one PDF417 in UTF-8: half of what the symbology holds, and as tall as it is wide on an 80 mm head."""
IMAGE_BYTES_MAX = 131_072
"""Of one image, as a file. A request on the bus has 262,144 bytes at most."""


def _printable_data(value: str, bytes_max: int, what: str) -> str:
    size = len(reject_controls(value, allowed="\r\n").encode())
    if size > bytes_max:
        raise ValueError(f"{size} bytes in UTF-8; a {what} takes at most {bytes_max}")
    return value


def _qr_data(value: str) -> str:
    return _printable_data(value, QR_BYTES_MAX, "QR code")


def _pdf417_data(value: str) -> str:
    return _printable_data(value, PDF417_BYTES_MAX, "PDF417")


def base64_bytes(value: str) -> bytes:
    """What the text holds. Raises ValueError: no base64 (RFC 4648, section 4)."""
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from None


def _image_data(value: str) -> str:
    if (size := len(base64_bytes(value))) > IMAGE_BYTES_MAX:
        raise ValueError(f"{size} bytes; an image takes at most {IMAGE_BYTES_MAX}")
    return value


class QrElement(Part):
    """A QR code, its dots as large as the paper lets them be (6 at most) unless ``module_dots`` says how large."""

    type: Literal["qr"]
    data: Annotated[str, Field(min_length=1, max_length=QR_BYTES_MAX), AfterValidator(_qr_data)]
    level: Literal["L", "M", "Q", "H"] = Field("M", description="Error correction: 7, 15, 25 or 30 % may be damaged.")
    module_dots: int | None = Field(None, ge=2, le=16, strict=True)
    align: Align = "center"


class Pdf417Element(Part):
    """A PDF417 symbol, as on tickets and parcel labels."""

    type: Literal["pdf417"]
    data: Annotated[str, Field(min_length=1, max_length=PDF417_BYTES_MAX), AfterValidator(_pdf417_data)]
    columns: int = Field(0, ge=0, le=30, strict=True, description="Data columns; 0: as the printer fits it.")
    level: int = Field(
        2, ge=0, le=8, strict=True, description="Error correction: 2 to the power of it plus one codewords."
    )
    module_dots: int = Field(2, ge=2, le=8, strict=True)
    row_height: int = Field(3, ge=2, le=8, strict=True, description="In multiples of module_dots.")
    truncated: Switch = False
    align: Align = "center"


class BarcodeElement(Part):
    """A barcode with its text below. EAN and UPC take their data with or without the check digit."""

    type: Literal["barcode"]
    symbology: Annotated[Symbology, BeforeValidator(canonical_symbology)]
    data: Annotated[str, Field(min_length=1, max_length=BARCODE_CHARACTERS_MAX)]
    height_dots: int = Field(80, ge=8, le=255, strict=True, description="80 dots are 10 mm at 203 dpi.")
    module_dots: int | None = Field(None, ge=2, le=6, strict=True, description="Default: 3, or 2 where 3 do not fit.")
    text_position: Literal["none", "above", "below", "both"] = "below"
    align: Align = "center"

    @_model_validator(mode="after")
    def _check_data(self) -> BarcodeElement:
        if (problem := barcode_problem(self.symbology, self.data)) is not None:
            raise ValueError(problem)
        return self


class ImageElement(Part):
    """A picture, made black and white, no wider than the paper."""

    type: Literal["image"]
    data: Annotated[str, Field(min_length=1), AfterValidator(_image_data)] = Field(
        description="A PNG, JPEG, GIF or BMP file in base64."
    )
    width_percent: int = Field(100, ge=1, le=100, strict=True, description="Of the paper, at most; never scaled up.")
    dither: Dither = Field("floyd_steinberg", description="threshold: sharper, for drawings.")
    align: Align = "center"

    def file(self) -> bytes:
        """The image as it was sent."""
        return base64_bytes(self.data)


LogoName = Annotated[str, Field(pattern=LOGO_NAME_PATTERN)]


class LogoElement(Part):
    """A picture that the printer or the gateway keeps under this name (printer setting ``logos``)."""

    type: Literal["logo"]
    name: LogoName
    align: Align = "center"
