"""Renders a print document to Star Line Mode or StarPRNT: the same layout as for every printer, in Star's commands."""

from __future__ import annotations

from collections.abc import Sequence

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
from protocols.printers import star_commands as commands
from protocols.printers import star_symbols as symbols
from protocols.printers.character_sets import Preparation
from protocols.printers.escpos_encoder import PRINT_BYTES_MAX, EncodedDocument
from protocols.printers.escpos_symbols import barcode_module_dots, qr_module_dots
from protocols.printers.layout import NotText, lay_out, text_lines
from protocols.printers.layout_lines import Line, Metrics
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


class _Encoder:
    """One print, its elements one after the other."""

    def __init__(self, options: StarOptions) -> None:
        self._options = options
        sets = options.character_sets()
        self._preparation = Preparation(sets, is_drawn=options.can_draw)
        self._metrics = Metrics(options.paper_dots, options.font_dots, self._preparation, sets.cells)
        prologue = commands.INITIALIZE + options.setup + commands.code_page(options.code_page_slot)
        self._stream = StarStream(prologue, sets, options)
        self._lines = StarLineWriter(self._stream, sets, self._metrics, options)
        self._lines.raster = options.star_raster

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
        return EncodedDocument(data, self._preparation.replaced_count + self._lines.missing_count, cuts)

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
                self._picture(
                    self._rasteriser("image").image(element.file(), width, dither=element.dither), element.align
                )
            case LogoElement():
                self._logo(element)
            case FeedElement(lines=lines):
                stream.command(commands.feed(lines))
            case CutElement():
                stream.cut(self._cut(element.mode))
            case DrawerElement():
                stream.command(encode_star_drawer(options))
            case BuzzerElement():
                self._require(options.buzzer != "none", "buzzer")
                stream.command(commands.buzzer(element.times, element.duration_ms))
            case RawElement():
                raise RequestError(ErrorCode.UNSUPPORTED, "raw: this printer takes no raw commands (they are ESC/POS)")

    def _cut(self, mode: str | None) -> bytes:
        options = self._options
        if options.cut == "none":
            return commands.feed(options.knife_feed_lines)
        return commands.cut(is_full=(mode or options.cut) == "full")

    def _qr(self, element: QrElement) -> None:
        """By the printer, else drawn for it."""
        paper_dots = self._options.paper_dots
        if self._options.has_qr:
            self._placed(element.align, symbols.qr_code(element, paper_dots))
            return
        dots = qr_module_dots(element, paper_dots)
        self._picture(self._rasteriser("qr").qr(element.data.encode(), element.level, dots), element.align)

    def _barcode(self, element: BarcodeElement) -> None:
        """By the printer, else drawn for it with its text as a line: so too where the printer would tell it wrongly."""
        options = self._options
        if options.has_barcodes and element.symbology in symbols.SYSTEMS:
            self._placed(element.align, symbols.barcode(element, options.paper_dots))
            is_told = element.symbology is not Symbology.GS1_128
        else:
            rasteriser = self._rasteriser(element.symbology)
            dots = barcode_module_dots(element, options.paper_dots)
            picture = rasteriser.barcode(element.symbology, element.data, dots, element.height_dots)
            if picture.width_dots > options.paper_dots:
                raise RequestError(
                    ErrorCode.INVALID_REQUEST, f"barcode: {len(element.data)} characters do not fit the paper"
                )
            self._picture(picture, element.align)
            is_told = False
        if not is_told and element.text_position != "none":
            for line in text_lines(TextElement(type="text", text=element.data, align=element.align), self._metrics):
                self._lines.write(line)

    def _logo(self, element: LogoElement) -> None:
        logo = self._options.logos.get(element.name)
        if logo is None or logo.image is None:
            known = ", ".join(sorted(name for name, each in self._options.logos.items() if each.image)) or "none"
            raise RequestError(
                ErrorCode.INVALID_REQUEST, f"logo {element.name!r}: this printer has no such logo; it has: {known}"
            )
        picture = self._rasteriser("logo").image(logo.image(), self._options.paper_dots, dither="threshold")
        self._picture(picture, element.align)

    def _picture(self, picture: Bitmap, align: Align) -> None:
        self._placed(align, picture_commands(picture, self._options.star_raster))

    def _placed(self, align: Align, data: bytes) -> None:
        self._stream.begin_line(align, PLAIN)
        self._stream.command(data)

    def _rasteriser(self, what: str) -> Rasteriser:
        if self._options.rasteriser is None or self._options.star_raster == "none":
            raise RequestError(ErrorCode.UNSUPPORTED, f"{what}: this printer prints no pictures (raster)")
        return self._options.rasteriser

    def _require(self, is_supported: bool, what: str) -> None:
        if not is_supported:
            raise RequestError(ErrorCode.UNSUPPORTED, f"{what}: this printer cannot do it")
