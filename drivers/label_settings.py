"""Settings of label printers: what a profile and a device's configuration may say."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from drivers.printer_settings import PrinterSettings
from edge_gateway.contracts.label_fields import Name

TEMPLATES_MAX = 200
"""Of one printer: a store has about ten."""

Media = Literal["gap", "mark", "continuous"]


class LabelSettings(PrinterSettings):
    """Defaults are safe for a 4 inch desktop printer of 203 dpi."""

    dots_per_inch: Literal[152, 203, 300, 600] = Field(203, description="Density of its head.")
    print_width_mm: Decimal = Field(Decimal(104), gt=0, le=220, description="Width of its head.")
    media: Media = Field("gap", description="How labels are told apart: by a gap, by a black mark, not at all.")
    gap_mm: Decimal = Field(Decimal(3), ge=0, le=50, description="Height of the gap, or of the mark.")
    darkness: int | None = Field(None, ge=-30, le=30, description="As its language counts; default: as it is set.")
    speed: int | None = Field(None, ge=1, le=14, description="As its language counts; default: as it is set.")
    has_bitmaps: bool = Field(True, description="It draws pictures: of images, and of text that it has no font for.")
    idle_answers: int = Field(
        2, ge=1, le=10, description="Answers in a row that nothing is left to print, after which a label is printed."
    )
    poll_interval_s: float = Field(0.2, gt=0, description="Between two status questions while labels come out.")
    templates: Annotated[dict[Name, dict[str, Any]], Field(max_length=TEMPLATES_MAX)] = Field(
        default_factory=dict, description="Labels with {fields}, by name; they go before the packaged ones."
    )


class ZplSettings(LabelSettings):
    """Of a Zebra, and of printers that speak ZPL II too."""

    graphics: Literal["acs", "z64"] = Field("acs", description="How pictures are packed; z64: firmware x.14 or later.")
    native_text: Literal["none", "ascii", "latin", "european"] = Field(
        "latin",
        description="Characters its font 0 has: Latin-1, or Latin, Greek and Cyrillic. Others are drawn as pictures.",
    )


class CodePageLabelSettings(LabelSettings):
    """Of a language whose texts are in a code page."""

    code_page: str = Field("cp1252", description="Of its own fonts; other characters are drawn as pictures.")


class EplSettings(CodePageLabelSettings):
    """Of printers that speak EPL2 in page mode."""

    confirm: Literal["report", "acknowledge", "none"] = Field(
        "report",
        description="How the end is known: ^ee answers 00; an ACK for each form (US, serial only); not at all.",
    )
    has_qr: bool = Field(False, description="It knows b with Q (firmware of 2006 and later).")
    has_data_matrix: bool = Field(False, description="It knows b with D.")


class TsplSettings(CodePageLabelSettings):
    """Of printers that speak TSPL or TSPL2."""

    has_extended_status: bool = Field(True, description="It answers ESC ! S (TSC firmware 6.29 and later).")
    has_barrier: bool = Field(True, description="It answers ~!T, which waits for what was sent before.")


class SlcsSettings(LabelSettings):
    """Of Bixolon's label printers."""
