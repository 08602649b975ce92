"""Pictures that somebody sent, as dots."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drivers.raster_image import FORMATS, IMAGE_BYTES_MAX, IMAGE_PIXELS_MAX
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.errors import ErrorCode, RequestError

RASTERISER = FontRasteriser()


def encoded(picture: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


def logo(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Left half black, right half white."""
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2 - 1, size[1]), fill=0)
    return picture


def blackness(bitmap: Bitmap) -> float:
    return sum(byte.bit_count() for byte in bitmap.rows) / (bitmap.width_dots * bitmap.height_dots)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_dots(form: str) -> None:
    bitmap = RASTERISER.image(encoded(logo(), form), 384, dither="threshold")
    assert (bitmap.width_dots, bitmap.height_dots) == (64, 32)
    assert bitmap.rows == b"\xff\xff\xff\xff\x00\x00\x00\x00" * 32


def test_picture_is_scaled_down_to_the_paper_and_never_up() -> None:
    wide = RASTERISER.image(encoded(logo((1000, 500)), "PNG"), 384)
    assert (wide.width_dots, wide.height_dots) == (384, 192)
    assert RASTERISER.image(encoded(logo(), "PNG"), 384).width_dots == 64


@pytest.mark.parametrize("grey", [32, 64, 128, 192, 224])
def test_dithering_keeps_the_grey(grey: int) -> None:
    flat = encoded(Image.new("L", (200, 200), grey), "PNG")
    assert blackness(RASTERISER.image(flat, 200)) == pytest.approx(1 - grey / 255, abs=0.02)
    assert blackness(RASTERISER.image(flat, 200, dither="threshold")) == (grey < 128)


def test_what_is_transparent_stays_paper() -> None:
    picture = Image.new("RGBA", (8, 1), (0, 0, 0, 0))
    picture.putpixel((0, 0), (0, 0, 0, 255))
    assert RASTERISER.image(encoded(picture, "PNG"), 8).rows == b"\x80"


def test_photograph_taken_on_its_side_is_turned() -> None:
    picture = logo()
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(out, "JPEG", exif=exif)
    assert RASTERISER.image(out.getvalue(), 384).width_dots == 32


def claimed(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says that it is as large as this."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * min(height, 2000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(2001, 2000), (60_000, 60_000), (IMAGE_PIXELS_MAX + 1, 1)])
def test_small_file_of_a_huge_picture_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match="scale it to the paper's width") as refused:
        RASTERISER.image(claimed(*size), 384)
    assert refused.value.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"no image at all",
        encoded(logo(), "PNG")[:60],
        encoded(logo(), "JPEG")[:200],
        encoded(logo(), "TIFF"),
        bytes(IMAGE_BYTES_MAX + 1),
        encoded(logo((4, 6000)), "PNG"),
    ],
    ids=["empty", "gif-head", "text", "cut-png", "cut-jpeg", "tiff", "too-many-bytes", "too-high"],
)
def test_what_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(RequestError, match="image: ") as refused:
        RASTERISER.image(data, 384)
    assert refused.value.code is ErrorCode.INVALID_REQUEST
    assert "BytesIO" not in str(refused.value)


@given(
    form=st.sampled_from(FORMATS),
    places=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_damaged_picture_is_drawn_or_refused_and_raises_nothing_else(form: str, places: list[tuple[int, int]]) -> None:
    data = bytearray(encoded(logo(), form))
    for place, byte in places:
        data[place % len(data)] = byte
    with suppress(RequestError):
        assert RASTERISER.image(bytes(data), 384).width_dots <= 384
