"""What a label printer's language can say, by its settings: options of the layout, and the encoder behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from drivers.label_settings import EplSettings, LabelSettings, SlcsSettings, TsplSettings, ZplSettings
from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.label_fields import FromFormat
from protocols.printers import epl_encoder, slcs_encoder, tspl_encoder, zpl_encoder
from protocols.printers.label_fonts import Fonts, ScalableFont
from protocols.printers.label_placed import LabelOptions, LaidOut

_EURO: Final = "\u20ac"
_RANGES: Final = {
    "none": "",
    "ascii": " ~",
    "latin": " ~\u00a0\u00ff",
    "european": " ~\u00a0\u017f\u0384\u03ce\u0401\u045f",
}
"""First and last character of each range that a Zebra's font has."""


@dataclass(frozen=True, slots=True)
class LabelLanguage:
    """``encode``: one label and how often; ``encode_format``: one that the printer keeps, None where it keeps none."""

    options: LabelOptions
    encode: Callable[[LaidOut, int], bytes]
    encode_format: Callable[[FromFormat], bytes] | None = None


def zpl(settings: ZplSettings) -> LabelLanguage:
    ranges = _RANGES[settings.native_text]
    pairs = tuple(zip(ranges[::2], ranges[1::2], strict=True))

    def can_print(text: str) -> bool:
        return all(
            character == "\n" or (character == _EURO and len(pairs) > 1) or any(a <= character <= b for a, b in pairs)
            for character in text
        )

    encoder = zpl_encoder.ZplOptions(settings.graphics, settings.darkness, settings.speed, settings.media)
    options = _options(
        settings,
        ScalableFont("0"),
        can_print,
        lambda kind, data: True,
        zpl_encoder.SYMBOLOGIES,
        zpl_encoder.CODES,
        zpl_encoder.QR_MODULE_DOTS_MAX,
    )
    return LabelLanguage(
        options,
        lambda label, quantity: zpl_encoder.encode_zpl(label, quantity, encoder),
        lambda wanted: zpl_encoder.encode_zpl_format(wanted.format, wanted.fields, wanted.quantity),
    )


def epl(settings: EplSettings) -> LabelLanguage:
    can_print = _encodable(settings.code_page)
    gap_dots = _dots(settings)
    encoder = epl_encoder.EplOptions(settings.code_page, gap_dots, settings.media, settings.darkness, settings.speed)
    codes = (
        {"pdf417"} | ({"qr"} if settings.has_qr else set()) | ({"data_matrix"} if settings.has_data_matrix else set())
    )

    def encode_format(wanted: FromFormat) -> bytes:
        if not all(map(can_print, wanted.fields.values())):
            raise RequestError(ErrorCode.UNSUPPORTED, f"label.fields: characters that are not in {settings.code_page}")
        return epl_encoder.encode_epl_form(wanted.format, wanted.fields, wanted.quantity, settings.code_page)

    options = _options(
        settings,
        epl_encoder.FONTS_203 if settings.dots_per_inch <= 203 else epl_encoder.FONTS_300,
        can_print,
        lambda kind, data: data.isascii() or (kind not in ("qr", "pdf417")),
        epl_encoder.SYMBOLOGIES,
        codes,
        64,
    )
    return LabelLanguage(
        options, lambda label, quantity: epl_encoder.encode_epl(label, quantity, encoder), encode_format
    )


def tspl(settings: TsplSettings) -> LabelLanguage:
    is_encodable = _encodable(settings.code_page)
    encoder = tspl_encoder.TsplOptions(
        settings.code_page,
        settings.dots_per_inch,
        f"{settings.gap_mm}",
        settings.media,
        settings.darkness,
        settings.speed,
    )

    def can_hold(kind: str, data: str) -> bool:
        if kind == Symbology.GS1_128 and "!" in data:
            return False  # begins a code of the symbology
        return data.isascii() and tspl_encoder.UNSAYABLE not in data

    options = _options(
        settings,
        tspl_encoder.FONTS,
        lambda text: is_encodable(text) and tspl_encoder.UNSAYABLE not in text,
        can_hold,
        tspl_encoder.SYMBOLOGIES,
        tspl_encoder.CODES,
        tspl_encoder.QR_MODULE_DOTS_MAX,
    )
    return LabelLanguage(options, lambda label, quantity: tspl_encoder.encode_tspl(label, quantity, encoder))


def slcs(settings: SlcsSettings) -> LabelLanguage:
    encoder = slcs_encoder.SlcsOptions(_dots(settings), settings.media, settings.darkness, settings.speed)

    def can_say(text: str) -> bool:
        return text.isascii() and not any(mark in text for mark in slcs_encoder.UNSAYABLE)

    options = _options(
        settings,
        slcs_encoder.FONTS,
        can_say,
        lambda kind, data: can_say(data),
        slcs_encoder.SYMBOLOGIES,
        slcs_encoder.CODES,
        slcs_encoder.QR_MODULE_DOTS_MAX,
    )
    return LabelLanguage(options, lambda label, quantity: slcs_encoder.encode_slcs(label, quantity, encoder))


def _options(
    settings: LabelSettings,
    fonts: Fonts,
    can_print: Callable[[str], bool],
    can_hold: Callable[[str, str], bool],
    symbologies: frozenset[Symbology],
    codes: Collection[str],
    code_module_max: int,
) -> LabelOptions:
    return LabelOptions(
        dots_per_inch=settings.dots_per_inch,
        print_width_dots=int(settings.print_width_mm * settings.dots_per_inch * 10 // 254),
        fonts=fonts,
        can_print=can_print,
        can_hold=can_hold,
        symbologies=symbologies,
        codes=frozenset(codes),
        has_bitmaps=settings.has_bitmaps,
        code_module_max=code_module_max,
    )


def _dots(settings: LabelSettings) -> int:
    return round(settings.gap_mm * settings.dots_per_inch * 10 / 254)


def _encodable(code_page: str) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            text.encode(code_page)
        except UnicodeEncodeError:
            return False
        return True

    return check
