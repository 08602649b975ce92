"""Renders a print document to ESC/POS bytes, as text: 40 lines are about 1.7 KB, where a raster would be 100 KB.

Only lines with characters that the printer has in none of its code pages are drawn as pictures.

Written by hand rather than with python-escpos: its text encoder changes code pages as it likes, and importing it costs
0.5 s and 33 MB, configures logging and leaves a directory in /tmp. Its capability data is used (drivers), and the tests
compare these bytes with those of its ``Dummy`` printer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.bitmap import Bitmap
from edge_gateway.contracts.document import (
    BarcodeElement,
    BuzzerElement,
    Element,
    Pdf417Element,
    QrElement,
    RawElement,
    TextElement,
)
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printed_text import Align
from protocols.printers import escpos_commands as commands
from protocols.printers import escpos_symbols as symbols
from protocols.printers.arabic_forms import shaped
from protocols.printers.character_sets import Preparation
from protocols.printers.escpos_lines import LineWriter
from protocols.printers.escpos_options import COLUMNS_MIN, MULTIBYTE_ENCODINGS, EncoderOptions, Logo
from protocols.printers.escpos_raster import has_real_time_command, raster_commands
from protocols.printers.escpos_raw import allowed_raw
from protocols.printers.escpos_stream import EscposStream
from protocols.printers.layout import text_lines
from protocols.printers.layout_lines import Metrics
from protocols.printers.receipt_encoder import EncodedDocument, ReceiptEncoder

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
    encoding = "cp932" if options.encoding == "cp932" else options.wide_encoding
    if options.is_wide_first:
        return commands.INITIALIZE + options.setup + commands.kanji_on(encoding)
    cancel = commands.kanji_off(encoding) if options.is_kanji_cancelled or encoding else b""
    return commands.INITIALIZE + options.setup + cancel + commands.code_page(options.code_page_slot)


class _Encoder(ReceiptEncoder):
    def __init__(self, options: EncoderOptions) -> None:
        self._options = options
        sets = options.character_sets()
        shape = (lambda text: shaped(text, lambda form: bool(sets.mask(form)))) if self._shapes_arabic() else None
        preparation = Preparation(sets, is_drawn=options.can_draw, shape=shape)
        metrics = Metrics(options.paper_dots, options.font_dots, preparation, sets.cells)
        stream = EscposStream(prologue(options), sets)
        super().__init__(options, preparation, metrics, stream, LineWriter(stream, sets, metrics, options))

    def encode(self, document: Sequence[Element]) -> EncodedDocument:
        encoded = super().encode(document)
        if has_real_time_command(encoded.data):
            # No element makes one; should one come about between two, it is not sent.
            raise RequestError(ErrorCode.INVALID_REQUEST, "document: a real-time command would stand in its bytes")
        return encoded

    def _shapes_arabic(self) -> bool:
        """Where it is set so, or where nothing else shows Arabic at all."""
        return self._options.is_arabic_by_code_page or not self._options.can_draw

    def _qr_code(self, element: QrElement) -> bytes:
        return symbols.qr_code(element, self._options.paper_dots)

    def _pdf417(self, element: Pdf417Element) -> bytes:
        return symbols.pdf417(element, self._options.paper_dots)

    def _barcode(self, element: BarcodeElement) -> None:
        options = self._options
        is_databar = symbols.SYSTEMS[element.symbology] >= symbols.DATABAR_SYSTEM_MIN
        if not (options.has_databar if is_databar else options.has_barcodes):
            self._with_text(element, self._image(self._drawn_barcode(element), element.align))
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

    def _image(self, picture: Bitmap, align: Align) -> bytes:
        return raster_commands(picture, self._options.raster)

    def _stored(self, logo: Logo) -> bytes | None:
        if logo.key is not None:
            return commands.stored_graphics(logo.key)
        return None if logo.number is None else commands.stored_bit_image(logo.number)

    def _feed(self, lines: int) -> bytes:
        return commands.feed(lines)

    def _cut(self, mode: str | None) -> bytes:
        return _cut(self._options, mode)

    def _drawer(self) -> bytes:
        return encode_drawer_kick(self._options)

    def _buzzer(self, element: BuzzerElement) -> bytes:
        return _buzzer(self._options, element)

    def _raw(self, element: RawElement) -> bytes:
        return allowed_raw(element.commands(), self._options.raw_commands)


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
