"""Renders a print document to ESC/POS bytes, as text: 40 lines are about 1.7 KB, where a raster would be 100 KB.

Written by hand rather than with python-escpos: its text encoder changes code pages as it likes, and importing it costs
0.5 s and 33 MB, configures logging and leaves a directory in /tmp. Its capability data is used (drivers), and the tests
compare these bytes with those of its ``Dummy`` printer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from edge_gateway.contracts.document import (
    BarcodeElement,
    ColumnsElement,
    CutElement,
    DrawerElement,
    Element,
    FeedElement,
    QrElement,
    RuleElement,
    TextElement,
)
from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers import escpos_commands as commands
from protocols.printers import escpos_symbols as symbols
from protocols.printers.escpos_text import printable, two_columns, wrap

CELL_DOTS: Final = 12
"""Width of font A."""
COLUMNS_MIN: Final = 16
"""Narrowest paper: the largest character still leaves two cells, and the shortest barcode fits."""
KNIFELESS_FEED_LINES: Final = 4
"""In place of a cut on a printer without a knife: the last line stands clear of the tear bar."""
MULTIBYTE_ENCODINGS: Final = frozenset({"gbk", "cp932"})
"""Of printers with a Chinese or Japanese font; they are not chosen with ESC t."""


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What the encoder must know of a printer. ``encoding``: a Python codec name, ``code_page_slot``: its ESC t number.

    ``setup``: bytes that belong behind every ESC @, which forgets them (ASB, real-time commands).
    ``drawer_pin`` None: no drawer is wired, and a drawer element is refused.
    """

    columns: int = 42
    encoding: str = "cp858"
    code_page_slot: int = 19
    is_kanji_cancelled: bool = True
    drawer_pin: Literal[2, 5] | None = 2
    drawer_on_ms: int = 100
    drawer_off_ms: int = 200
    cut: Literal["partial", "full", "none"] = "partial"
    has_qr: bool = True
    has_barcodes: bool = True
    setup: bytes = b""


@dataclass(frozen=True, slots=True)
class EncodedDocument:
    """``replaced_count``: characters that the code page lacks and that come out as ``?``."""

    data: bytes
    replaced_count: int


def encode_document(document: Sequence[Element], options: EncoderOptions) -> EncodedDocument:
    """Raises RequestError: INVALID_REQUEST (does not fit the paper), UNSUPPORTED (this printer cannot do it)."""
    renderer = _Renderer(options)
    for element in document:
        renderer.render(element)
    return EncodedDocument(renderer.data(), renderer.replaced_count)


def encode_drawer_kick(options: EncoderOptions) -> bytes:
    """The pulse alone. Raises RequestError(UNSUPPORTED) where no drawer is wired."""
    if options.drawer_pin is None:
        raise RequestError(ErrorCode.UNSUPPORTED, "drawer: none is configured at this printer (drawer_pin)")
    return commands.drawer_kick(options.drawer_pin, options.drawer_on_ms, options.drawer_off_ms)


class _Style(NamedTuple):
    align: commands.Align = "left"
    is_bold: bool = False
    is_underlined: bool = False
    size: tuple[int, int] = (1, 1)


_PLAIN: Final = _Style()
_CENTERED: Final = _Style(align="center")


class _Renderer:
    """Writes elements one after the other, sending a style only where it changes."""

    def __init__(self, options: EncoderOptions) -> None:
        self.replaced_count = 0
        self._options = options
        self._paper_dots = options.columns * CELL_DOTS
        self._style = _PLAIN
        self._parts = [commands.INITIALIZE, options.setup, *_character_set(options)]

    def data(self) -> bytes:
        """All so far."""
        return b"".join(self._parts)

    def render(self, element: Element) -> None:
        match element:
            case TextElement():
                self._text(element)
            case ColumnsElement(left=left, right=right):
                encoding = self._options.encoding
                self._lines(two_columns(self._shown(left), self._shown(right), self._options.columns, encoding), _PLAIN)
            case RuleElement():
                self._lines(["-" * self._options.columns], _PLAIN)
            case QrElement(data=data):
                self._require(self._options.has_qr, "qr")
                self._symbol(symbols.qr_code(data, self._paper_dots))
            case BarcodeElement(symbology=symbology, data=data):
                self._require(self._options.has_barcodes, "barcode")
                self._symbol(symbols.barcode(symbology, data, self._paper_dots))
            case FeedElement(lines=lines):
                self._parts.append(commands.feed(lines))
            case CutElement():
                self._parts.append(_cut(self._options.cut))
            case DrawerElement():
                self._parts.append(encode_drawer_kick(self._options))

    def _text(self, element: TextElement) -> None:
        # Never less than two cells: there are COLUMNS_MIN columns or more, sizes 8 at most.
        width = self._options.columns // element.size[0]
        text = self._shown(element.text)
        style = _Style(element.align, element.bold, element.underline, element.size)
        self._lines(wrap(text, width, self._options.encoding), style)

    def _shown(self, text: str) -> str:
        shown = printable(text, self._options.encoding)
        self.replaced_count += shown.replaced_count
        return shown.text

    def _lines(self, lines: Sequence[str], style: _Style) -> None:
        self._set_style(style)
        for line in lines:
            self._parts += (line.encode(self._options.encoding), commands.LF)

    def _symbol(self, data: bytes) -> None:
        self._set_style(_CENTERED)
        self._parts.append(data)

    def _set_style(self, style: _Style) -> None:
        before, self._style = self._style, style
        if style.align != before.align:
            self._parts.append(commands.align(style.align))
        if style.is_bold != before.is_bold:
            self._parts.append(commands.bold(style.is_bold))
        if style.is_underlined != before.is_underlined:
            self._parts.append(commands.underline(style.is_underlined))
        if style.size != before.size:
            self._parts.append(commands.size(*style.size))

    def _require(self, is_supported: bool, what: str) -> None:
        if not is_supported:
            raise RequestError(ErrorCode.UNSUPPORTED, f"{what}: this printer cannot draw it by itself")


def _character_set(options: EncoderOptions) -> tuple[bytes, ...]:
    if options.encoding in MULTIBYTE_ENCODINGS:
        return (commands.KANJI_ON,)
    cancel = (commands.KANJI_OFF,) if options.is_kanji_cancelled else ()
    return (*cancel, commands.code_page(options.code_page_slot))


def _cut(cut: Literal["partial", "full", "none"]) -> bytes:
    match cut:
        case "partial":
            return commands.CUT_PARTIAL
        case "full":
            return commands.CUT_FULL
        case "none":
            return commands.feed(KNIFELESS_FEED_LINES)
