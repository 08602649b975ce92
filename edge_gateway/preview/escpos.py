"""ESC/POS bytes on simulated paper, as picture and as text."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from drivers.rasteriser import Drawn
from edge_gateway.preview.rendered import Job
from edge_gateway.preview.shown import Shown
from simulators.escpos_characters import CODE_PAGES, UNKNOWN, Characters
from simulators.escpos_interpreter import Interpreter
from simulators.escpos_paper import FONTS, ColumnImage, Gap, Item, Line, Paper, Picture, Receipt, Symbol

STRIP_DOTS: Final = 24
"""A picture sent in columns is as high as its strips."""
CUT_MARK: Final = "- "


class _Machine:
    """What is not paper: only what a person hears and sees of it is kept."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    def send(self, data: bytes) -> None:
        pass

    def kick_drawer(self, pin: int, on_ms: int) -> None:
        self.happened.append(f"[drawer opens, pin {pin}]")

    def buzz(self, times: int, on_ms: int) -> None:
        self.happened.append(f"[buzzer sounds {times} times]")

    def enable_automatic_status(self, mask: int) -> None:
        pass

    def set_real_time(self, is_enabled: bool) -> None:
        pass

    def answer_status(self, n: int) -> None:
        pass

    def answer_identity(self, n: int) -> None:
        pass

    def answer_process_id(self, process_id: bytes) -> None:
        pass


def show_escpos(job: Job) -> Shown:
    """With the width, the fonts and the code pages of the printer's settings."""
    from simulators.escpos_picture import png

    options: Any = job.printer.settings.encoder_options()  # type: ignore[attr-defined] # of every ESC/POS driver
    fonts = {name: (options.font_dots[name], FONTS[name][1]) for name in ("a", "b")}
    paper, machine = Paper(options.columns, fonts), _Machine()
    wide = options.encoding if options.is_wide_first else options.wide_encoding
    interpreter = Interpreter(paper, machine, Characters(_pages(options), wide))
    marks: dict[tuple[int, int], list[str]] = {}
    buffer = bytearray(job.rendered.data)
    while taken := interpreter.step(buffer) if buffer else 0:
        del buffer[:taken]
        if machine.happened:
            place = (len(paper.receipts), len(paper.hanging.items))
            marks.setdefault(place, []).extend(machine.happened)
            machine.happened.clear()
    problems = list(interpreter.errors)
    if buffer or interpreter.graphics.is_awaiting:
        problems.append(f"cut off in the middle of a command: {bytes(buffer[:16]).hex(' ')}")
    receipts = [*paper.receipts, *([paper.hanging] if paper.hanging.items else [])]
    text = "\n".join(_text(receipts, marks, job.drawn, paper))
    return Shown(png(receipts, paper.width_dots), text + "\n", tuple(problems))


def _pages(options: Any) -> Mapping[int, str]:
    """The numbers are the printer's; what is in a page is Python's to say, where it knows the page."""
    pages: dict[int, str] = {}
    for page in options.character_sets().pages:
        try:
            pages[page.slot] = codecs.lookup(page.name).name
        except LookupError:
            upper = [UNKNOWN] * 128
            for character, byte in page.bytes_of.items():
                if byte >= 0x80:
                    upper[byte - 0x80] = character
            pages[page.slot] = "".join(upper)
    return pages or CODE_PAGES


def _text(
    receipts: Sequence[Receipt], marks: Mapping[tuple[int, int], Sequence[str]], drawn: Sequence[Drawn], paper: Paper
) -> Iterator[str]:
    """Lines in the columns of the paper; a picture of text says its words."""
    waiting = list(drawn)
    for number, receipt in enumerate(receipts):
        if number:
            yield CUT_MARK * (paper.columns // len(CUT_MARK))
        group: list[Item] = []
        for index, item in enumerate(receipt.items):
            is_picture = isinstance(item, Picture) or _is_strip(item)
            if group and not is_picture:
                yield from _words(group, waiting, paper.columns)
                group = []
            yield from marks.get((number, index), ())
            if is_picture:
                group.append(item)
            elif isinstance(item, Symbol):
                yield _aligned(item.text, item.align, paper.columns)
            elif isinstance(item, Line):
                yield _line(item, paper)
        if group:
            yield from _words(group, waiting, paper.columns)
        yield from marks.get((number, len(receipt.items)), ())


def _is_strip(item: Item) -> bool:
    return isinstance(item, Line) and any(isinstance(each, ColumnImage) for each in item.items)


def _words(group: Sequence[Item], waiting: list[Drawn], columns: int) -> Iterator[str]:
    """What the pictures say, where they are as high as the lines drawn for them; else how large they are."""
    height = sum(
        item.height_dots * (item.dot_height if isinstance(item, Picture) else 1)
        for item in group
        if not isinstance(item, Symbol)
    )
    taken: list[Drawn] = []
    while waiting and sum(each.height_dots for each in taken) + waiting[0].height_dots <= height:
        taken.append(waiting.pop(0))
    missing = height - sum(each.height_dots for each in taken)
    is_known = 0 <= missing < (STRIP_DOTS * len(taken) if _is_strip(group[0]) else 1)
    if not taken or not is_known:
        yield f"[picture {max(item.dots for item in group)} x {height} dots]"
        return
    for each in taken:
        told = each.text.rstrip() if each.text is not None else f"[picture {each.height_dots} dots high]"
        yield _aligned(told, group[0].align, columns)


def _line(line: Line, paper: Paper) -> str:
    """Characters at their columns; a wide one takes as many as it covers."""
    cell = paper.fonts["a"][0]
    free = max(0, paper.width_dots - line.dots)
    at = (0, free // 2, free)[line.align]
    text = ""
    for item in line.items:
        column = at // cell
        text += " " * (column - _columns_of(text))
        if not isinstance(item, Gap | ColumnImage):
            text += item.character
        at += item.dots
    return text.rstrip()


def _columns_of(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _aligned(text: str, align: int, columns: int) -> str:
    return (text, text.center(columns).rstrip(), text.rjust(columns))[align]
