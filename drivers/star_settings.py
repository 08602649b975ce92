"""Settings of a Star printer: what its profile and a device's configuration may say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from drivers.logo_settings import LogoSettings, logo_file_problems
from drivers.printer_settings import DrawerSettings
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.document_graphics import LogoName
from edge_gateway.contracts.named_files import FileProblem
from protocols.printers import star_commands as commands
from protocols.printers.escpos_options import COLUMNS_MIN
from protocols.printers.star_options import CODE_PAGE_SLOTS, StarOptions, StarRaster, star_pages


class StarSettings(DrawerSettings):
    """Defaults are safe for a Star printer of which nothing is known but that it is one."""

    columns: int = Field(48, ge=COLUMNS_MIN, le=80, description="Characters of font A in a line: 48 or 32; impact 42.")
    cell_dots: int = Field(12, ge=4, le=32, description="Width of a character of font A in dots.")
    font_b_dots: int = Field(9, ge=4, le=32, description="Width of a character of font B in dots.")
    code_page: str = Field("cp858", description="Python name of the code page that a print begins with.")
    raster: StarRaster = Field(
        "column_24",
        description="How pictures are sent: raster (StarPRNT), column_24, none; graphic: the printer knows nothing "
        "else (TSP100), and the whole print is drawn.",
    )
    line_dots: int = Field(30, ge=8, le=100, description="Height of a drawn line of text in dots.")
    is_impact: bool = Field(False, description="A dot impact printer: one font, double sizes, red for inverse.")
    colours: Literal[1, 2] = Field(1, description="2: a ribbon with red; with 1 red is white on black.")
    cut: Literal["partial", "full", "none"] = Field("partial", description="How to cut; none: there is no knife.")
    knife_feed_lines: int = Field(4, ge=0, le=20, description="Lines fed where a cut is asked and there is no knife.")
    has_buzzer: bool = Field(False, description="A buzzer or a melody speaker is connected (ESC GS EM).")
    has_qr: bool = Field(True, description="It draws QR codes by itself (ESC GS y).")
    has_pdf417: bool = Field(True, description="It draws PDF417 by itself (ESC GS x).")
    has_barcodes: bool = Field(True, description="It draws barcodes by itself (ESC b).")
    logos: dict[LogoName, LogoSettings] = Field(
        default_factory=dict, description="Logos by name; only those with a file."
    )
    drawer_pin: Literal[0, 2, 5] = Field(2, description="2: the first drawer; 5: the second; 0: no drawer.")
    drawer_open_level: Literal["low", "high", "unknown"] = Field(
        "unknown", description="Level of its switch while it is open; with Star's own drawers high."
    )
    can_pulse_real_time: bool = Field(
        False, description="Open the first drawer with FS while it cannot print, or past a print that waits for paper."
    )
    confirm: Literal["print_end_counter", "etb", "none"] = Field(
        "etb",
        description="How the end of a print is known: ESC GS ETX (StarPRNT), the ETB counter in its status, or not.",
    )
    has_automatic_status: bool = Field(True, description="It tells changes by itself (ESC RS a 1); else it is asked.")

    @field_validator("code_page")
    @classmethod
    def _code_page_is_known(cls, name: str) -> str:
        if name not in CODE_PAGE_SLOTS:
            raise ValueError(f"code_page {name!r}: expected one of: {', '.join(sorted(CODE_PAGE_SLOTS))}")
        return name

    def encoder_options(self) -> StarOptions:
        """What the encoder must know."""
        is_drawn = self.raster == "graphic"
        return StarOptions(
            columns=self.columns,
            encoding=self.code_page,
            code_page_slot=CODE_PAGE_SLOTS[self.code_page],
            code_pages=star_pages(),
            font_dots={"a": self.cell_dots, "b": self.font_b_dots},
            colours=self.colours,
            drawer_pin=self.drawer_pin or None,
            drawer_on_ms=self.drawer_pulse_ms,
            drawer_off_ms=self.drawer_pause_ms,
            cut=self.cut,
            knife_feed_lines=self.knife_feed_lines,
            buzzer="esc_b" if self.has_buzzer else "none",
            has_qr=self.has_qr and not is_drawn,
            has_pdf417=self.has_pdf417 and not is_drawn,
            has_barcodes=self.has_barcodes and not is_drawn,
            line_dots=self.line_dots,
            rasteriser=FontRasteriser(),
            logos={name: logo.logo() for name, logo in self.logos.items()},
            setup=self.setup(),
            star_raster=self.raster,
            is_impact=self.is_impact,
            size_max=2 if self.is_impact else 6,
        )

    @property
    def has_files(self) -> bool:
        """Of logos (contracts.named_files.NamesFiles)."""
        return any(logo.file is not None for logo in self.logos.values())

    def file_problems(self) -> Iterator[FileProblem]:
        """Of the same."""
        return logo_file_problems(self.logos, self.columns * self.cell_dots)

    def setup(self) -> bytes:
        """What must follow every ESC @."""
        return commands.ENABLE_STATUS if self.has_automatic_status else b""
