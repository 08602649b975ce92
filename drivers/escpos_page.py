"""Settings of what an ESC/POS printer can put on paper: characters, pictures, symbols, cuts, and its sounds."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator, model_validator

from drivers import escpos_capabilities
from drivers.logo_settings import LogoSettings, logo_file_problems
from drivers.printer_settings import DrawerSettings
from drivers.rasteriser import FontRasteriser
from edge_gateway.contracts.document_graphics import LogoName
from edge_gateway.contracts.named_files import FileProblem
from protocols.printers.character_sets import CodePage
from protocols.printers.escpos_host import COMMAND_NAMES
from protocols.printers.escpos_options import COLUMNS_MIN, MULTIBYTE_ENCODINGS, EncoderOptions, Raster


class EscposPage(DrawerSettings):
    """Defaults are safe for a printer of which nothing is known but that it speaks ESC/POS."""

    columns: int = Field(42, ge=COLUMNS_MIN, le=80, description="Characters of font A in a line: 48, 42 or 32.")
    cell_dots: int = Field(12, ge=4, le=32, description="Width of a character of font A in dots.")
    font_b_dots: int = Field(9, ge=4, le=32, description="Width of a character of font B in dots.")
    code_page: str = Field("cp858", description="Python name of the code page, such as cp858, cp1252, cp852, gbk.")
    code_page_slot: int | None = Field(None, ge=0, le=255, description="ESC t number of it; default: as capabilities.")
    capabilities: str = Field(
        escpos_capabilities.DEFAULT_MODEL, description="Model in escpos-printer-db whose ESC t numbers hold."
    )
    code_pages: tuple[str, ...] | None = Field(
        None,
        description="Code pages that may be changed to. Default: all that capabilities lists; for an unknown model the "
        "nine that every printer has.",
    )
    wide_characters: Literal["none", "gbk", "gb18030", "cp932", "big5", "euc_kr"] = Field(
        "none", description="Ideographs that it has a font of (FS &); what it has not is drawn."
    )
    cancels_kanji: bool = Field(True, description="Send FS . first: printers made for China print GBK without it.")
    arabic: Literal["drawn", "code_page"] = Field(
        "drawn", description="code_page: joined letters of page 864, where its font is good; smaller, and less pretty."
    )
    raster: Raster = Field(
        "gs_v_0", description="How pictures are sent: gs_v_0, gs_paren_l, column_24, column_8 (impact), none."
    )
    line_dots: int = Field(30, ge=8, le=100, description="Height of a drawn line of text in dots.")
    colours: Literal[1, 2] = Field(1, description="2: a ribbon or paper with red; with 1 red is white on black.")
    cut: Literal["partial", "full", "none"] = Field("partial", description="How to cut; none: there is no knife.")
    cut_command: Literal["gs_v_feed", "gs_v", "esc_i"] = Field(
        "gs_v_feed", description="gs_v, esc_i: for printers that do not feed to the knife by themselves."
    )
    knife_feed_lines: int = Field(4, ge=0, le=20, description="Lines from the head to the knife, or to the tear bar.")
    buzzer: Literal["none", "esc_paren_a", "esc_b", "drawer_port"] = Field(
        "none",
        description="Its buzzer: esc_paren_a (Epson), esc_b (many others), drawer_port (an external one in place of a "
        "drawer, which is refused then), none.",
    )
    has_qr: bool = Field(True, description="It draws QR codes by itself (GS ( k); else they are drawn for it.")
    has_pdf417: bool = Field(True, description="It draws PDF417 by itself (GS ( k).")
    has_barcodes: bool = Field(
        True, description="It draws barcodes by itself (GS k, form B); else they are drawn for it."
    )
    has_databar: bool = Field(False, description="It draws GS1 DataBar by itself (GS k 75 to 78).")
    logos: dict[LogoName, LogoSettings] = Field(
        default_factory=dict, description="Logos by the name that documents use."
    )
    raw_commands: tuple[str, ...] = Field(
        (), description='Commands that raw elements may hold, such as "ESC 3"; none: raw elements are refused.'
    )
    drawer_pin: Literal[0, 2, 5] = Field(2, description="Pin of the drawer connector that opens it; 0: no drawer.")

    @field_validator("raw_commands")
    @classmethod
    def _commands_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in names if name not in COMMAND_NAMES]:
            raise ValueError(f"{', '.join(unknown)}: no such command; known are: {', '.join(sorted(COMMAND_NAMES))}")
        return names

    @model_validator(mode="after")
    def _code_page_is_known(self) -> EscposPage:
        try:
            slots = escpos_capabilities.code_pages(self.capabilities)
        except KeyError:
            known = ", ".join(escpos_capabilities.model_names())
            raise ValueError(f"capabilities {self.capabilities!r}: expected one of: {known}") from None
        name = _codec_name(self.code_page)
        every = {*escpos_capabilities.code_pages(escpos_capabilities.DEFAULT_MODEL), *slots, *MULTIBYTE_ENCODINGS}
        if name not in every:
            raise ValueError(f"code_page {self.code_page!r}: expected one of: {', '.join(sorted(every))}")
        if name not in slots and name not in MULTIBYTE_ENCODINGS and self.code_page_slot is None:
            raise ValueError(f"code_page_slot is needed: {self.capabilities!r} has no number for {self.code_page!r}")
        listed = {page.name for page in escpos_capabilities.all_pages(self.capabilities)} | {*slots, name}
        if unknown := [page for page in self.code_pages or () if _codec_name(page) not in listed]:
            raise ValueError(f"code_pages {', '.join(unknown)}: {self.capabilities!r} has: {', '.join(sorted(listed))}")
        return self

    def encoder_options(self) -> EncoderOptions:
        """What the encoder must know, without the printer's setup."""
        encoding = _codec_name(self.code_page)
        slots = escpos_capabilities.code_pages(self.capabilities)
        slot = self.code_page_slot
        return EncoderOptions(
            columns=self.columns,
            encoding=encoding,
            code_page_slot=slots.get(encoding, 0) if slot is None else slot,
            code_pages=self._pages(),
            wide_encoding=None if self.wide_characters == "none" else self.wide_characters,
            is_kanji_cancelled=self.cancels_kanji,
            is_arabic_by_code_page=self.arabic == "code_page",
            font_dots={"a": self.cell_dots, "b": self.font_b_dots},
            colours=self.colours,
            drawer_pin=self.drawer_pin or None,
            drawer_on_ms=self.drawer_pulse_ms,
            drawer_off_ms=self.drawer_pause_ms,
            cut=self.cut,
            cut_command=self.cut_command,
            knife_feed_lines=self.knife_feed_lines,
            buzzer=self.buzzer,
            has_qr=self.has_qr,
            has_pdf417=self.has_pdf417,
            has_barcodes=self.has_barcodes,
            has_databar=self.has_databar,
            raster=self.raster,
            line_dots=self.line_dots,
            rasteriser=FontRasteriser(),
            logos={name: logo.logo() for name, logo in self.logos.items()},
            raw_commands=frozenset(self.raw_commands),
        )

    @property
    def has_files(self) -> bool:
        """Of logos (contracts.named_files.NamesFiles)."""
        return any(logo.file is not None for logo in self.logos.values())

    def file_problems(self) -> Iterator[FileProblem]:
        """Of the same."""
        return logo_file_problems(self.logos, self.columns * self.cell_dots)

    def _pages(self) -> tuple[CodePage, ...]:
        pages = escpos_capabilities.all_pages(self.capabilities)
        if self.code_pages is None:
            return pages
        wanted = {_codec_name(name) for name in self.code_pages}
        return tuple(page for page in pages if page.name in wanted)


def _codec_name(code_page: str) -> str:
    try:
        return codecs.lookup(code_page).name
    except LookupError:
        return code_page
