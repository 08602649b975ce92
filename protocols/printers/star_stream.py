"""The bytes of one print in Star's language as they come about; code pages are chosen and cuts noted as everywhere."""

from __future__ import annotations

from edge_gateway.contracts.printed_text import PLAIN, Align, TextStyle
from protocols.printers import star_commands as commands
from protocols.printers.character_sets import CharacterSets
from protocols.printers.escpos_stream import EscposStream
from protocols.printers.star_options import StarOptions


class StarStream(EscposStream):
    """Sends a style only where it changes."""

    def __init__(self, prologue: bytes, sets: CharacterSets, options: StarOptions) -> None:
        self._options = options
        super().__init__(prologue, sets)

    def begin_line(self, align: Align, style: TextStyle | None = None) -> None:
        self._resume()
        if self._options.is_drawn_whole:
            return
        if align != self._align:
            self._parts.append(commands.align(align))
            self._align = align
        if style is not None:
            self._restyle(style)

    def _change(self, page: int | None, slot: int | None, wanted: int) -> bytes:
        return commands.code_page(self._sets.pages[wanted].slot)

    def _restyle(self, style: TextStyle) -> None:
        style = self._possible(style)
        before, self._style = self._style or PLAIN, style
        is_inverted, was_inverted = _is_inverted(style), _is_inverted(before)
        for has_changed, command in (
            (_is_bold(style) != _is_bold(before), commands.bold(_is_bold(style))),
            (bool(style.underline) != bool(before.underline), commands.underline(style.underline)),
            (is_inverted != was_inverted, commands.invert(is_inverted)),
            (style.is_upside_down != before.is_upside_down, commands.upside_down(style.is_upside_down)),
            (style.font != before.font, commands.font(style.font)),
        ):
            if has_changed:
                self._parts.append(command)
        if (style.width, style.height) != (before.width, before.height):
            size = commands.size_of_impact if self._options.is_impact else commands.size
            self._parts.append(size(style.width, style.height))

    def _possible(self, style: TextStyle) -> TextStyle:
        """As far as this printer can."""
        most = self._options.size_max
        style = style._replace(width=min(style.width, most), height=min(style.height, most))
        return style._replace(font="a", is_inverted=False) if self._options.is_impact else style


def _is_bold(style: TextStyle) -> bool:
    """There is no double strike."""
    return style.is_bold or style.is_double_struck


def _is_inverted(style: TextStyle) -> bool:
    """ESC 4 is red on an impact printer, which has no inverse; the line writer has made red inverse on the others."""
    return style.is_inverted or style.colour == "red"
