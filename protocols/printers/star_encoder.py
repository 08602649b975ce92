"""Renders a print document to Star Line Mode or StarPRNT: the same layout as for every printer, in Star's commands."""

from __future__ import annotations

from collections.abc import Sequence

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
from protocols.printers import star_commands as commands
from protocols.printers import star_graphic
from protocols.printers import star_symbols as symbols
from protocols.printers.character_sets import Preparation
from protocols.printers.escpos_options import Logo
from protocols.printers.layout import text_lines
from protocols.printers.layout_lines import Metrics
from protocols.printers.receipt_encoder import EncodedDocument, ReceiptEncoder
from protocols.printers.star_lines import StarLineWriter, picture_commands
from protocols.printers.star_options import StarOptions
from protocols.printers.star_stream import StarStream


def encode_star(document: Sequence[Element], options: StarOptions) -> EncodedDocument:
    """Raises RequestError: INVALID_REQUEST (does not fit the paper), UNSUPPORTED (this printer cannot do it)."""
    return _Encoder(options).encode(document)


def encode_star_drawer(options: StarOptions) -> bytes:
    """The pulse alone. Raises RequestError(UNSUPPORTED) where no drawer is wired."""
    if options.drawer_pin is None:
        raise RequestError(ErrorCode.UNSUPPORTED, "drawer: none is configured at this printer (drawer_pin)")
    return commands.drawer_kick(options.drawer_pin, options.drawer_on_ms, options.drawer_off_ms)


class _Encoder(ReceiptEncoder):
    def __init__(self, options: StarOptions) -> None:
        self._options = options
        self._is_graphic = options.is_drawn_whole
        sets = options.character_sets()
        preparation = Preparation(sets, is_drawn=options.can_draw)
        metrics = Metrics(options.paper_dots, options.font_dots, preparation, sets.cells)
        prologue = commands.INITIALIZE + options.setup
        if not options.is_drawn_whole:
            prologue += commands.code_page(options.code_page_slot)
        stream = StarStream(prologue, sets, options)
        lines = StarLineWriter(stream, sets, metrics, options)
        lines.raster = options.star_raster
        super().__init__(options, preparation, metrics, stream, lines)

    def _qr_code(self, element: QrElement) -> bytes:
        return symbols.qr_code(element, self._options.paper_dots)

    def _pdf417(self, element: Pdf417Element) -> bytes:
        return symbols.pdf417(element, self._options.paper_dots)

    def _barcode(self, element: BarcodeElement) -> None:
        options = self._options
        if options.has_barcodes and element.symbology in symbols.SYSTEMS:
            self._placed(element.align, symbols.barcode(element, options.paper_dots))
            is_told = element.symbology is not Symbology.GS1_128
        else:
            self._picture(self._drawn_barcode(element), element.align)
            is_told = False
        if not is_told and element.text_position != "none":
            for line in text_lines(TextElement(type="text", text=element.data, align=element.align), self._metrics):
                self._lines.write(line)

    def _image(self, picture: Bitmap, align: Align) -> bytes:
        return picture_commands(picture, self._options.star_raster, self._options.paper_dots, align)

    def _stored(self, logo: Logo) -> bytes | None:
        return None

    def _feed(self, lines: int) -> bytes:
        return star_graphic.feed(lines * star_graphic.FEED_LINE_DOTS) if self._is_graphic else commands.feed(lines)

    def _cut(self, mode: str | None) -> bytes:
        options = self._options
        if options.cut == "none":
            return self._feed(options.knife_feed_lines)
        is_full = (mode or options.cut) == "full"
        return star_graphic.cut(is_full=is_full) if self._is_graphic else commands.cut(is_full=is_full)

    def _drawer(self) -> bytes:
        return encode_star_drawer(self._options)

    def _buzzer(self, element: BuzzerElement) -> bytes:
        self._require(self._options.buzzer != "none", "buzzer")
        return commands.buzzer(element.times, element.duration_ms)

    def _raw(self, element: RawElement) -> bytes:
        raise RequestError(ErrorCode.UNSUPPORTED, "raw: this printer takes no raw commands (they are ESC/POS)")
