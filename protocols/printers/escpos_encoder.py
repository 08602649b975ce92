"""Renders a print document to ESC/POS bytes, as text: 40 lines are about 1.7 KB, where a raster would be 100 KB.

Only lines with characters that the printer has in none of its code pages are drawn as pictures.

Written by hand rather than with python-escpos: its text encoder changes code pages as it likes, and importing it costs
0.5 s and 33 MB, configures logging and leaves a directory in /tmp. Its capability data is used (drivers), and the tests
compare these bytes with those of its ``Dummy`` printer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import Bitmap, Rasteriser
from edge_gateway.contracts.document import (
    BarcodeElement,
    BuzzerElement,
    CutElement,
    DrawerElement,
    Element,
    FeedElement,
    ImageElement,
    LogoElement,
    Pdf417Element,
    QrElement,
    RawElement,
    TextElement,
)
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printed_text import PLAIN, Align
from protocols.printers import escpos_commands as commands
from protocols.printers import escpos_symbols as symbols
from protocols.printers.arabic_forms import shaped
from protocols.printers.character_sets import Preparation
from protocols.printers.escpos_lines import LineWriter
from protocols.printers.escpos_options import COLUMNS_MIN, MULTIBYTE_ENCODINGS, EncoderOptions, Logo
from protocols.printers.escpos_raster import has_real_time_command, raster_commands
from protocols.printers.escpos_raw import allowed_raw
from protocols.printers.escpos_stream import EscposStream
from protocols.printers.layout import NotText, lay_out, text_lines
from protocols.printers.layout_lines import Line, Metrics

__all__ = [
    "COLUMNS_MIN",
    "MULTIBYTE_ENCODINGS",
    "EncodedDocument",
    "EncoderOptions",
    "Logo",
    "encode_document",
    "encode_drawer_kick",
]

BUZZER_PULSE_MS_MAX: Final = 500
"""Of a buzzer on the drawer port: the longest that ESC p can say is 510."""
PRINT_BYTES_MAX: Final = 4_194_304
"""Of one print: ten metres of picture on 80 mm paper. More is a mistake, and an hour at 9600 baud."""


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """``cuts``: offsets behind each cut; what follows one can be printed alone. ``replaced_count``: characters that the
    printer lacks and that come out as ``?``."""

    data: bytes
    replaced_count: int
    cuts: tuple[int, ...] = ()


def encode_document(document: Sequence[Element], options: EncoderOptions) -> EncodedDocument:
    """Raises RequestError: INVALID_REQUEST (does not fit the paper), UNSUPPORTED (this printer cannot do it)."""
    return _Encoder(options).encode(document)


def encode_drawer_kick(options: EncoderOptions) -> bytes:
    """The pulse alone. Raises RequestError(UNSUPPORTED) where no drawer is wired."""
    if options.buzzer == "drawer_port":
        words = "drawer: a buzzer is on this printer's drawer port (buzzer), and would sound instead"
        raise RequestError(ErrorCode.UNSUPPORTED, words)
    if options.drawer_pin is None:
        raise RequestError(ErrorCode.UNSUPPORTED, "drawer: none is configured at this printer (drawer_pin)")
    return commands.drawer_kick(options.drawer_pin, options.drawer_on_ms, options.drawer_off_ms)


def prologue(options: EncoderOptions) -> bytes:
    """The printer as a print expects it: modes as after power-on, and where its characters begin."""
    japanese = commands.SHIFT_JIS if "cp932" in (options.encoding, options.wide_encoding) else b""
    if options.is_wide_first:
        return commands.INITIALIZE + options.setup + japanese + commands.KANJI_ON
    cancel = commands.KANJI_OFF if options.is_kanji_cancelled or options.wide_encoding else b""
    return commands.INITIALIZE + options.setup + japanese + cancel + commands.code_page(options.code_page_slot)


class _Encoder:
    """One print, its elements one after the other."""

    def __init__(self, options: EncoderOptions) -> None:
        self._options = options
        self._sets = options.character_sets()
        shape = (lambda text: shaped(text, lambda form: bool(self._sets.mask(form)))) if self._shapes_arabic() else None
        self._preparation = Preparation(self._sets, is_drawn=options.can_draw, shape=shape)
        self._metrics = Metrics(options.paper_dots, options.font_dots, self._preparation, self._sets.cells)
        self._stream = EscposStream(prologue(options), self._sets)
        self._lines = LineWriter(self._stream, self._sets, self._metrics, options)

    def encode(self, document: Sequence[Element]) -> EncodedDocument:
        for item in lay_out(document, self._metrics):
            if isinstance(item, Line):
                self._lines.write(item)
            else:
                self._lines.finish()
                self._element(item)
        self._lines.finish()
        data, cuts = self._stream.finish()
        if len(data) > PRINT_BYTES_MAX:
            raise RequestError(
                ErrorCode.INVALID_REQUEST, f"document: {len(data)} bytes; a print takes at most {PRINT_BYTES_MAX}"
            )
        if has_real_time_command(data):
            # No element makes one; should one come about between two, it is not sent.
            raise RequestError(ErrorCode.INVALID_REQUEST, "document: a real-time command would stand in its bytes")
        return EncodedDocument(data, self._preparation.replaced_count + self._lines.missing_count, cuts)

    def _shapes_arabic(self) -> bool:
        """Where it is set so, or where nothing else shows Arabic at all."""
        return self._options.is_arabic_by_code_page or not self._options.can_draw

    def _element(self, element: NotText) -> None:
        options, stream = self._options, self._stream
        match element:
            case QrElement():
                self._qr(element)
            case Pdf417Element():
                self._require(options.has_pdf417, "pdf417")
                self._placed(element.align, symbols.pdf417(element, options.paper_dots))
            case BarcodeElement():
                self._barcode(element)
            case ImageElement():
                width = max(1, options.paper_dots * element.width_percent // 100)
                picture = self._rasteriser("image").image(element.file(), width, dither=element.dither)
                self._picture(picture, element.align)
            case LogoElement():
                self._logo(element)
            case FeedElement(lines=lines):
                stream.command(commands.feed(lines))
            case CutElement():
                stream.cut(_cut(options, element.mode))
            case DrawerElement():
                stream.command(encode_drawer_kick(options))
            case BuzzerElement():
                stream.command(_buzzer(options, element))
            case RawElement():
                stream.raw(allowed_raw(element.commands(), options.raw_commands))

    def _qr(self, element: QrElement) -> None:
        """By the printer, else drawn for it."""
        paper_dots = self._options.paper_dots
        if self._options.has_qr:
            self._placed(element.align, symbols.qr_code(element, paper_dots))
            return
        dots = symbols.qr_module_dots(element, paper_dots)
        self._picture(self._rasteriser("qr").qr(element.data.encode(), element.level, dots), element.align)

    def _barcode(self, element: BarcodeElement) -> None:
        """By the printer, else drawn for it with its text as lines: so too where the printer would tell it wrongly."""
        options = self._options
        is_databar = symbols.SYSTEMS[element.symbology] >= symbols.DATABAR_SYSTEM_MIN
        if not (options.has_databar if is_databar else options.has_barcodes):
            rasteriser = self._rasteriser(element.symbology)
            dots = symbols.barcode_module_dots(element, options.paper_dots)
            picture = rasteriser.barcode(element.symbology, element.data, dots, element.height_dots)
            if picture.width_dots > options.paper_dots:
                raise RequestError(
                    ErrorCode.INVALID_REQUEST, f"barcode: {len(element.data)} characters do not fit the paper"
                )
            self._with_text(element, raster_commands(picture, options.raster))
        elif element.symbology is Symbology.GS1_128:
            # Sent as Code 128, it would be told below without brackets.
            silent = element.model_copy(update={"text_position": "none"})
            self._with_text(element, symbols.barcode(silent, options.paper_dots))
        else:
            self._placed(element.align, symbols.barcode(element, options.paper_dots))

    def _with_text(self, element: BarcodeElement, code: bytes) -> None:
        told = TextElement(type="text", text=element.data, align=element.align)
        for position in ("above", "code", "below"):
            if position == "code":
                self._lines.finish()
                self._placed(element.align, code)
            elif element.text_position in (position, "both"):
                for line in text_lines(told, self._metrics):
                    self._lines.write(line)

    def _logo(self, element: LogoElement) -> None:
        logo = self._options.logos.get(element.name)
        if logo is None:
            known = ", ".join(sorted(self._options.logos)) or "none"
            raise RequestError(
                ErrorCode.INVALID_REQUEST, f"logo {element.name!r}: this printer has no such logo; it has: {known}"
            )
        if logo.key is not None:
            self._placed(element.align, commands.stored_graphics(logo.key))
        elif logo.number is not None:
            self._placed(element.align, commands.stored_bit_image(logo.number))
        elif logo.image is not None:
            picture = self._rasteriser("logo").image(logo.image(), self._options.paper_dots, dither="threshold")
            self._picture(picture, element.align)

    def _picture(self, picture: Bitmap, align: Align) -> None:
        self._placed(align, raster_commands(picture, self._options.raster))

    def _placed(self, align: Align, data: bytes) -> None:
        self._stream.begin_line(align, PLAIN)
        self._stream.command(data)

    def _rasteriser(self, what: str) -> Rasteriser:
        if self._options.rasteriser is None or self._options.raster == "none":
            raise RequestError(ErrorCode.UNSUPPORTED, f"{what}: this printer prints no pictures (raster)")
        return self._options.rasteriser

    def _require(self, is_supported: bool, what: str) -> None:
        if not is_supported:
            raise RequestError(ErrorCode.UNSUPPORTED, f"{what}: this printer cannot draw it by itself")


def _cut(options: EncoderOptions, mode: str | None) -> bytes:
    if options.cut == "none":
        return commands.feed(options.knife_feed_lines)
    is_full = (mode or options.cut) == "full"
    match options.cut_command:
        case "gs_v_feed":
            return commands.CUT_FULL if is_full else commands.CUT_PARTIAL
        case "gs_v":
            cut = commands.CUT_FULL_HERE if is_full else commands.CUT_PARTIAL_HERE
        case "esc_i":
            cut = commands.CUT_FULL_OLD if is_full else commands.CUT_PARTIAL_OLD
    return commands.feed(options.knife_feed_lines) + cut


def _buzzer(options: EncoderOptions, element: BuzzerElement) -> bytes:
    match options.buzzer:
        case "esc_paren_a":
            return commands.buzzer(element.times, element.duration_ms)
        case "esc_b":
            return commands.buzzer_of_clones(element.times, element.duration_ms)
        case "drawer_port":
            on_ms = min(element.duration_ms, BUZZER_PULSE_MS_MAX)
            return commands.drawer_kick(options.drawer_pin or 2, on_ms, on_ms) * element.times
        case "none":
            raise RequestError(ErrorCode.UNSUPPORTED, "buzzer: none is configured at this printer (buzzer)")
