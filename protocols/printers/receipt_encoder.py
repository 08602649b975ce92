"""Renders a print document in a receipt printer's language: what is laid out, drawn and refused is the same in each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
)
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printed_text import PLAIN, Align
from protocols.printers.character_sets import Preparation
from protocols.printers.drawn_symbols import drawn_barcode, drawn_pdf417, drawn_qr
from protocols.printers.escpos_lines import LineWriter
from protocols.printers.escpos_options import EncoderOptions, Logo
from protocols.printers.escpos_stream import EscposStream
from protocols.printers.layout import NotText, lay_out
from protocols.printers.layout_lines import Line, Metrics

PRINT_BYTES_MAX: Final = 4_194_304
"""Of one print: ten metres of picture on 80 mm paper. More is a mistake, and an hour at 9600 baud."""
PAPER_DOTS_MAX: Final = 160_000
"""Of one print, along the paper: 20 m at 8 dots a millimetre, a quarter of a large roll. 500 feeds would be 94 m."""


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """``cuts``: offsets behind each cut; what follows one can be printed alone. ``replaced_count``: characters that the
    printer lacks and that come out as ``?``."""

    data: bytes
    replaced_count: int
    cuts: tuple[int, ...] = ()


class ReceiptEncoder(ABC):
    """One print, its elements one after the other. A subclass says each in its language."""

    def __init__(
        self,
        options: EncoderOptions,
        preparation: Preparation,
        metrics: Metrics,
        stream: EscposStream,
        lines: LineWriter,
    ) -> None:
        self._paper = options
        self._preparation = preparation
        self._metrics = metrics
        self._stream = stream
        self._lines = lines
        self._fed_dots = 0

    def encode(self, document: Sequence[Element]) -> EncodedDocument:
        """Raises RequestError: INVALID_REQUEST (does not fit the paper), UNSUPPORTED (this printer cannot do it)."""
        for item in lay_out(document, self._metrics):
            if isinstance(item, Line):
                self._feeds(item.height * self._paper.line_dots)
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

    @abstractmethod
    def _qr_code(self, element: QrElement) -> bytes: ...

    @abstractmethod
    def _pdf417(self, element: Pdf417Element) -> bytes: ...

    @abstractmethod
    def _barcode(self, element: BarcodeElement) -> None:
        """By the printer, else drawn for it with its text in lines: so too where the printer would tell it wrongly."""

    @abstractmethod
    def _image(self, picture: Bitmap, align: Align) -> bytes: ...

    @abstractmethod
    def _stored(self, logo: Logo) -> bytes | None:
        """Of a logo that the printer keeps."""

    @abstractmethod
    def _feed(self, lines: int) -> bytes: ...

    @abstractmethod
    def _cut(self, mode: str | None) -> bytes: ...

    @abstractmethod
    def _drawer(self) -> bytes: ...

    @abstractmethod
    def _buzzer(self, element: BuzzerElement) -> bytes: ...

    @abstractmethod
    def _raw(self, element: RawElement) -> bytes: ...

    def _element(self, element: NotText) -> None:
        paper, stream = self._paper, self._stream
        match element:
            case QrElement() if paper.has_qr:
                self._placed(element.align, self._qr_code(element))
            case QrElement():
                self._picture(drawn_qr(element, paper, self._rasteriser("qr")), element.align)
            case Pdf417Element() if paper.has_pdf417:
                self._placed(element.align, self._pdf417(element))
            case Pdf417Element():
                self._picture(drawn_pdf417(element, paper, self._rasteriser("pdf417")), element.align)
            case BarcodeElement():
                self._feeds(element.height_dots)
                self._barcode(element)
            case ImageElement():
                width = max(1, paper.paper_dots * element.width_percent // 100)
                picture = self._rasteriser("image").image(element.file(), width, dither=element.dither)
                self._picture(picture, element.align)
            case LogoElement():
                self._logo(element)
            case FeedElement(lines=lines):
                self._feeds(lines * paper.line_dots)
                stream.command(self._feed(lines))
            case CutElement():
                stream.cut(self._cut(element.mode))
            case DrawerElement():
                stream.command(self._drawer())
            case BuzzerElement():
                stream.command(self._buzzer(element))
            case RawElement():
                stream.raw(self._raw(element))

    def _logo(self, element: LogoElement) -> None:
        kept = self._paper.logos.items()
        usable = {name: each for name, each in kept if each.image or self._stored(each) is not None}
        logo = usable.get(element.name)
        if logo is None:
            known = ", ".join(sorted(usable)) or "none"
            raise RequestError(
                ErrorCode.INVALID_REQUEST, f"logo {element.name!r}: this printer has no such logo; it has: {known}"
            )
        if (stored := self._stored(logo)) is not None:
            self._placed(element.align, stored)
        elif logo.image is not None:
            rasteriser = self._rasteriser("logo")
            try:
                picture = rasteriser.image(logo.image(), self._paper.paper_dots, dither="threshold")
            except RequestError as error:
                raise RequestError(error.code, f"logo {element.name!r} of this printer: {error}") from error
            self._picture(picture, element.align)

    def _drawn_barcode(self, element: BarcodeElement) -> Bitmap:
        return drawn_barcode(element, self._paper, self._rasteriser(element.symbology))

    def _picture(self, picture: Bitmap, align: Align) -> None:
        self._feeds(picture.height_dots)
        self._placed(align, self._image(picture, align))

    def _placed(self, align: Align, data: bytes) -> None:
        self._stream.begin_line(align, PLAIN)
        self._stream.command(data)

    def _feeds(self, dots: int) -> None:
        """Of paper; codes that the printer draws by itself are not counted but for the bars."""
        self._fed_dots += dots
        if self._fed_dots > PAPER_DOTS_MAX:
            raise RequestError(
                ErrorCode.INVALID_REQUEST,
                f"document: more than {PAPER_DOTS_MAX} dots of paper (20 m); a print takes no more: print it in parts",
            )

    def _rasteriser(self, what: str) -> Rasteriser:
        if self._paper.rasteriser is None or not self._paper.can_draw:
            raise RequestError(ErrorCode.UNSUPPORTED, f"{what}: this printer prints no pictures (raster)")
        return self._paper.rasteriser

    def _require(self, is_supported: bool, what: str) -> None:
        if not is_supported:
            raise RequestError(ErrorCode.UNSUPPORTED, f"{what}: this printer cannot do it by itself")
