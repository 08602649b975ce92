"""The bytes of one print as they come about: commands, text whose code pages are chosen at the end, and cuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from edge_gateway.contracts.printed_text import PLAIN, Align, TextStyle
from protocols.printers import escpos_commands as commands
from protocols.printers.character_sets import CharacterSets


class _Mark(Enum):
    """Stands between parts."""

    INITIALIZED = "the printer is as after its prologue"
    UNKNOWN = "nobody knows which code page is chosen"
    CUT = "a cut ends here"


class EscposStream:
    """Sends a style only where it changes. What follows a cut begins with ``prologue`` again: it stands alone."""

    def __init__(self, prologue: bytes, sets: CharacterSets) -> None:
        self._prologue: Final = prologue
        self._sets = sets
        self._parts: list[bytes | str | _Mark] = []
        self._style: TextStyle | None = PLAIN
        self._align: Align | None = "left"
        self._is_cut = False
        self._begin()

    def command(self, data: bytes) -> None:
        """Anything that depends on no style."""
        self._parts.append(data)

    def text(self, text: str, style: TextStyle) -> None:
        """Characters in the order on paper, at the current place."""
        self._resume()
        self._restyle(style)
        self._parts.append(text)

    def end_line(self) -> None:
        """LF"""
        self._parts.append(commands.LF)

    def begin_line(self, align: Align, style: TextStyle | None = None) -> None:
        """At the start of a line: alignment, and the style of what is no text, or of a line that is empty."""
        self._resume()
        if align != self._align:
            self._parts.append(commands.align(align))
            self._align = align
        if style is not None:
            self._restyle(style)

    def cut(self, data: bytes) -> None:
        """``data``: of the cut, or of what stands for one."""
        self._parts += (data, _Mark.CUT)
        self._is_cut = True

    def raw(self, data: bytes) -> None:
        """What may change any mode."""
        self._resume()
        self._parts += (data, _Mark.UNKNOWN)
        self._style = self._align = None

    def finish(self) -> tuple[bytes, tuple[int, ...]]:
        """All bytes, and the offsets behind the cuts."""
        encoded = self._sets.encode([part for part in self._parts if isinstance(part, str)])
        data, cuts = bytearray(), []
        page: int | None = self._sets.first
        slot: int | None = None if self._sets.first == len(self._sets.pages) else page
        for part in self._parts:
            match part:
                case bytes():
                    data += part
                case str():
                    for wanted, text in next(encoded):
                        if wanted != page:
                            data += self._change(page, slot, wanted)
                            page = wanted
                            slot = wanted if wanted < len(self._sets.pages) else slot
                        data += text
                case _Mark.INITIALIZED:
                    page = self._sets.first
                    slot = None if page == len(self._sets.pages) else page
                case _Mark.UNKNOWN:
                    page = slot = None
                case _Mark.CUT:
                    cuts.append(len(data))
        return bytes(data), tuple(cuts)

    def _begin(self) -> None:
        self._parts += (self._prologue, _Mark.INITIALIZED)
        self._style, self._align, self._is_cut = PLAIN, "left", False

    def _resume(self) -> None:
        if self._is_cut:
            self._begin()

    def _change(self, page: int | None, slot: int | None, wanted: int) -> bytes:
        wide = len(self._sets.pages)
        if wanted == wide:
            return commands.kanji_on(self._sets.wide)
        off = commands.kanji_off(self._sets.wide) if self._sets.wide is not None and page in (wide, None) else b""
        return off if slot == wanted else off + commands.code_page(self._sets.pages[wanted].slot)

    def _restyle(self, style: TextStyle) -> None:
        before, self._style = self._style, style
        for name, command in _STYLE_COMMANDS.items():
            value = getattr(style, name)
            if before is None or value != getattr(before, name):
                self._parts.append(command(value))
        if before is None or (style.width, style.height) != (before.width, before.height):
            self._parts.append(commands.size(style.width, style.height))


_STYLE_COMMANDS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "is_bold": commands.bold,
    "underline": commands.underline,
    "is_double_struck": commands.double_strike,
    "is_inverted": commands.invert,
    "is_upside_down": commands.upside_down,
    "font": commands.font,
    "colour": commands.colour,
}
