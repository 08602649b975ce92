"""The setting ``logos`` of a receipt printer: pictures kept by name, in the printer or as a file of this box."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drivers.raster_image import draw_image
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.named_files import FileProblem
from protocols.printers.escpos_options import Logo

LOGO_BYTES_MAX: Final = 1_048_576
"""Of a logo's image file; a drawing of the width of the paper has 20 KB."""


class LogoSettings(BaseModel):
    """Where a logo is kept. Exactly one of the three."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(pattern=r"^[!-~]{2}$")] | None = Field(
        None, description="In the printer, by its key code (GS ( L), two characters."
    )
    number: int | None = Field(None, ge=1, le=255, description="In the printer, by its number (FS p).")
    file: Path | None = Field(None, description="An image file on this box: PNG, JPEG, GIF or BMP.")

    @model_validator(mode="after")
    def _one_place(self) -> LogoSettings:
        if sum(value is not None for value in (self.key, self.number, self.file)) != 1:
            raise ValueError("a logo takes exactly one of key, number, file")
        return self

    def logo(self) -> Logo:
        """As the encoder takes it."""
        return Logo(self.key, self.number, partial(_image_file, self.file) if self.file is not None else None)


def logo_file_problems(logos: Mapping[str, LogoSettings], width_dots: int) -> Iterator[FileProblem]:
    """Of the files as they are now, on paper so wide. Reads them."""
    for name, logo in logos.items():
        if logo.file is None:
            continue
        key = ("logos", name, "file")
        if not logo.file.is_absolute():
            yield FileProblem(key, str(logo.file), "expected an absolute path: the service runs in another directory")
            continue
        try:
            draw_image(_image_file(logo.file), width_dots, "threshold")
        except RequestError as error:
            yield FileProblem(key, str(logo.file), str(error))


def _image_file(path: Path) -> bytes:
    """Raises RequestError(INVALID_REQUEST): it cannot be read, or no logo is so large."""
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            raise RequestError(ErrorCode.INVALID_REQUEST, f"logo {path}: no image file")  # to open it waits for ever
        with path.open("rb") as opened:
            image = opened.read(LOGO_BYTES_MAX + 1)
    except OSError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"logo {path}: {error.strerror}") from error
    if len(image) > LOGO_BYTES_MAX:
        raise RequestError(
            ErrorCode.INVALID_REQUEST, f"logo {path}: larger than {LOGO_BYTES_MAX} bytes; make it smaller"
        )
    return image
