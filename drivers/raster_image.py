"""A picture that somebody sent, as dots: decoded, made grey, scaled, dithered. Its own bytes never reach a printer.

Print data can hold commands that a printer obeys wherever they stand, so a picture is always decoded and encoded anew.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from edge_gateway.contracts.bitmap import BITMAP_HEIGHT_DOTS_MAX, BITMAP_WIDTH_DOTS_MAX, Bitmap, Dither
from edge_gateway.contracts.errors import ErrorCode, RequestError

if TYPE_CHECKING:
    from PIL import Image

FORMATS: Final = ("PNG", "JPEG", "BMP", "GIF")
"""What logos are sent as. Every further decoder is one more that strangers' bytes reach."""
IMAGE_BYTES_MAX: Final = 262_144
"""As sent: more than a request on the bus holds."""
IMAGE_PIXELS_MAX: Final = 4_000_000
"""Of the picture before it is scaled: 16 MB while it is decoded. A small file can say that it is as large as a wall."""
GREY_MIDDLE: Final = 128


def draw_image(data: bytes, width_dots: int, dither: Dither) -> Bitmap:
    """Raises RequestError(INVALID_REQUEST)."""
    if not 1 <= width_dots <= BITMAP_WIDTH_DOTS_MAX:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"image: {width_dots} dots wide; 1 to {BITMAP_WIDTH_DOTS_MAX}")
    if len(data) > IMAGE_BYTES_MAX:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"image: {len(data)} bytes; it may have {IMAGE_BYTES_MAX}")
    from PIL import Image

    grey = _scaled(_decoded(data), width_dots)
    if dither == "floyd_steinberg":
        white = grey.convert("1", dither=Image.Dither.FLOYDSTEINBERG)
    else:
        white = grey.point(lambda level: 255 * (level >= GREY_MIDDLE), "1")
    black = white.point(lambda level: 255 * (not level), "1")
    return Bitmap(black.width, black.height, black.tobytes())


def _decoded(data: bytes) -> Image.Image:
    """Grey on white paper, its first frame, the right way up."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        _refuse_large(picture)
        picture.load()
        _refuse_large(picture)
        picture = ImageOps.exif_transpose(picture)
        if picture.has_transparency_data:
            paper = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(paper, picture.convert("RGBA"))
        return picture.convert("L")
    except RequestError:
        raise
    except Image.DecompressionBombError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, _too_large("so many pixels")) from error
    except Exception as error:  # decoders of strangers' bytes raise what comes to them
        is_none_of_them = isinstance(error, UnidentifiedImageError)
        reason = "it begins as none of them" if is_none_of_them else str(error) or type(error).__name__
        what = f"image: no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} that can be read ({reason[:200]})"
        raise RequestError(ErrorCode.INVALID_REQUEST, what) from error


def _refuse_large(picture: Image.Image) -> None:
    if picture.width * picture.height > IMAGE_PIXELS_MAX:
        size = f"{picture.width} x {picture.height} pixels"
        raise RequestError(ErrorCode.INVALID_REQUEST, _too_large(size))


def _too_large(size: str) -> str:
    return f"image: {size}; it may have {IMAGE_PIXELS_MAX}: scale it to the paper's width"


def _scaled(grey: Image.Image, width_dots: int) -> Image.Image:
    from PIL import Image

    height = grey.height
    if grey.width > width_dots:
        height = max(1, round(grey.height * width_dots / grey.width))
    if height > BITMAP_HEIGHT_DOTS_MAX:
        raise RequestError(
            ErrorCode.INVALID_REQUEST, f"image: {height} dots high on paper; it may have {BITMAP_HEIGHT_DOTS_MAX}"
        )
    if grey.width <= width_dots:
        return grey
    return grey.resize((width_dots, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
