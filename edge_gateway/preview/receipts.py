"""What a simulated receipt printer read onto its paper, as picture and as text."""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from drivers.rasteriser import Drawn
from edge_gateway.preview.rendered import Job
from edge_gateway.preview.shown import Shown
from simulators.escpos_paper import ColumnImage, Gap, Item, Line, Paper, Picture, Receipt, Symbol

STRIP_DOTS: Final = 24
"""A picture sent in columns is as high as its strips."""
CUT_MARK: Final = "- "


class Interpreter(Protocol):
    """A simulated printer's language. ``step`` carries out one command and returns its length."""

    errors: deque[str]

    def step(self, buffer: bytearray) -> int: ...


class SilentMachine:
    """What of a printer is not paper: only what a person hears and sees of it is kept."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    def kick_drawer(self, pin: int, on_ms: int) -> None:
        self.happened.append(f"[drawer opens, pin {pin}]")

    def buzz(self, times: int, on_ms: int) -> None:
        self.happened.append(f"[buzzer sounds {times} times]")

    def send(self, data: bytes) -> None:
        pass


def show_receipts(
    job: Job,
    paper: Paper,
    interpreter: Interpreter,
    machine: SilentMachine,
    is_in_middle: Callable[[], bool] | None = None,
) -> Shown:
    """All bytes of the job, carried out on the paper. ``is_in_middle``: whether a picture is half received."""
    from simulators.escpos_picture import png

    marks: dict[tuple[int, int], list[str]] = {}
    buffer = bytearray(job.rendered.data)
    while taken := interpreter.step(buffer) if buffer else 0:
        del buffer[:taken]
        if machine.happened:
            place = (len(paper.receipts), len(paper.hanging.items))
            marks.setdefault(place, []).extend(machine.happened)
            machine.happened.clear()
    problems = list(interpreter.errors)
    if buffer or (is_in_middle is not None and is_in_middle()):
        problems.append(f"cut off in the middle of a command: {bytes(buffer[:16]).hex(' ')}")
    receipts = [*paper.receipts, *([paper.hanging] if paper.hanging.items else [])]
    text = "\n".join(_text(receipts, marks, job.drawn, paper))
    return Shown(png(receipts, paper.width_dots), text + "\n", tuple(problems))


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
    left, width = line.area or (0, paper.width_dots)
    free = max(0, width - line.dots)
    at = left + (0, free // 2, free)[line.align]
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
