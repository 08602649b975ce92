"""Settings of an ESC/POS printer: what its profile and a device's configuration may say."""

from __future__ import annotations

import codecs
from typing import Literal

from pydantic import Field, field_validator, model_validator

from drivers import escpos_capabilities
from drivers.printer_settings import DrawerSettings
from protocols.printers import escpos_commands as commands
from protocols.printers.escpos_encoder import COLUMNS_MIN, MULTIBYTE_ENCODINGS, EncoderOptions


class EscposSettings(DrawerSettings):
    """Defaults are safe for a printer of which nothing is known but that it speaks ESC/POS."""

    columns: int = Field(42, ge=COLUMNS_MIN, le=80, description="Characters of font A in a line: 48, 42 or 32.")
    code_page: str = Field("cp858", description="Python name of the code page, such as cp858, cp1252, cp852, gbk.")
    code_page_slot: int | None = Field(None, ge=0, le=255, description="ESC t number of it; default: as capabilities.")
    capabilities: str = Field(
        escpos_capabilities.DEFAULT_MODEL, description="Model in escpos-printer-db whose ESC t numbers hold."
    )
    cancels_kanji: bool = Field(True, description="Send FS . first: printers made for China print GBK without it.")
    cut: Literal["partial", "full", "none"] = Field("partial", description="How to cut; none: there is no knife.")
    has_qr: bool = Field(True, description="It draws QR codes by itself (GS ( k).")
    has_barcodes: bool = Field(True, description="It draws barcodes by itself (GS k, form B).")
    drawer_pin: Literal[0, 2, 5] = Field(2, description="Pin of the drawer connector that opens it; 0: no drawer.")
    confirm: Literal["process_id", "gs_r", "none"] = Field(
        "gs_r",
        description="How the end of a print is known: GS ( H (better, newer Epson), GS r, or not at all.",
    )
    can_disarm_real_time: bool = Field(False, description="It knows GS ( D; others may print it as text.")
    can_pulse_real_time: bool = Field(
        False, description="Open the drawer with DLE DC4 1 past a print that waits for paper; it is not disarmed then."
    )

    @field_validator("drawer_pulse_ms", "drawer_pause_ms")
    @classmethod
    def _time_can_be_sent(cls, ms: int) -> int:
        commands.pulse_units(ms)
        return ms

    @model_validator(mode="after")
    def _code_page_is_known(self) -> EscposSettings:
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
        return self

    def encoder_options(self) -> EncoderOptions:
        """What the encoder must know."""
        encoding = _codec_name(self.code_page)
        slot = self.code_page_slot
        if slot is None:
            slot = escpos_capabilities.code_pages(self.capabilities).get(encoding, 0)
        return EncoderOptions(
            columns=self.columns,
            encoding=encoding,
            code_page_slot=slot,
            is_kanji_cancelled=self.cancels_kanji,
            drawer_pin=self.drawer_pin or None,
            drawer_on_ms=self.drawer_pulse_ms,
            drawer_off_ms=self.drawer_pause_ms,
            cut=self.cut,
            has_qr=self.has_qr,
            has_barcodes=self.has_barcodes,
            setup=self.setup(),
        )

    def setup(self) -> bytes:
        """What must follow every ESC @."""
        if not self.can_disarm_real_time:
            return commands.ENABLE_ASB
        return commands.ENABLE_ASB + (commands.ARM_REAL_TIME if self.can_pulse_real_time else commands.DISARM_REAL_TIME)


def _codec_name(code_page: str) -> str:
    try:
        return codecs.lookup(code_page).name
    except LookupError:
        return code_page
