"""Print jobs of many shapes, from a seed, and what each must look like on paper."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from simulators.print_torture.marks import Mark, marked_line

SHORT_LINES = (2, 6)
LONG_LINES = (40, 100)
PART_LINES = (2, 10)
PARTS = (2, 5)
PICTURE_DOTS = (160, 40)
"""Width and height; narrower than any paper, so that no printer's renderer scales it."""
POLICIES = ("continue", "continue", "restart", "last_cut", "fail")
PRIORITIES = ("normal", "normal", "normal", "high", "low")

Answer = Literal["completed", "accepted"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A marked line. ``text``: all of it, None where it is a symbol; ``picture_dots``: height of what is behind it."""

    mark: Mark
    text: str | None
    picture_dots: int = 0


@dataclass(frozen=True, slots=True)
class TortureJob:
    """What is asked for. ``parts``: index of the last line of each part; behind each is a cut, if ``is_cut``.

    ``is_named``: it has a job id of its own beside its request's. ``cancel_after_s``: someone changes his mind then.
    ``is_repeated``: asked for once more when it has ended; ``is_contradicted``: and with other content.
    """

    number: int
    job_id: str
    printer: str
    shape: str
    document: Sequence[Mapping[str, Any]] = field(repr=False)
    lines: Sequence[Expected] = field(repr=False)
    parts: tuple[int, ...]
    answer: Answer
    priority: str
    policy: str | None
    deadline_s: float | None
    is_named: bool
    cancel_after_s: float | None
    is_repeated: bool
    is_contradicted: bool


class JobMaker:
    """The jobs of a campaign in order, one seed: one list."""

    def __init__(self, seed: int, printers: Sequence[str]) -> None:
        self._seed = seed
        self._printers = printers

    def job(self, number: int) -> TortureJob:
        """Job ``number``, whatever was made before."""
        random = Random(f"print/{self._seed}/{number}")
        shape = random.choice(sorted(SHAPES))
        sheet = _Sheet(number, random)
        SHAPES[shape](sheet, random)
        is_named = random.random() < 0.5
        return TortureJob(
            number=number,
            job_id=f"job-{self._seed}-{number:04d}",
            printer=self._printers[number % len(self._printers)],
            shape=shape,
            document=sheet.document(),
            lines=sheet.lines(),
            parts=tuple(sheet.parts),
            answer=random.choice(("completed", "accepted")),
            priority=random.choice(PRIORITIES),
            policy=random.choice(POLICIES) if random.random() < 0.7 else None,
            deadline_s=random.uniform(1.0, 6.0) if random.random() < 0.08 else None,
            is_named=is_named,
            cancel_after_s=random.expovariate(2.0) if random.random() < 0.06 else None,
            is_repeated=random.random() < 0.15,
            is_contradicted=random.random() < 0.1,
        )


class _Sheet:
    """A document while it is made; how many marks it has is known only at its end."""

    def __init__(self, number: int, random: Random) -> None:
        self.parts: list[int] = []
        self._number = number
        self._random = random
        self._elements: list[tuple[str, dict[str, Any]]] = []
        self._pictures: dict[int, int] = {}
        self._count = 0
        self._made: list[Expected] = []

    def text(self, lines: int, **style: Any) -> None:
        for _ in range(lines):
            self._count += 1
            self._elements.append(("text", {"type": "text", **style}))

    def symbol(self, element: Mapping[str, Any]) -> None:
        """A code that says the mark."""
        self._count += 1
        self._elements.append(("symbol", dict(element)))

    def picture(self, width: int, height: int) -> None:
        """Noise behind the last line."""
        self._pictures[self._count] = self._pictures.get(self._count, 0) + height
        noise = base64.b64encode(_png(width, height, self._random)).decode()
        self._elements.append(("", {"type": "image", "data": noise, "dither": "threshold"}))

    def drawer(self) -> None:
        self._elements.append(("", {"type": "drawer"}))

    def feed(self, lines: int) -> None:
        self._elements.append(("", {"type": "feed", "lines": lines}))

    def cut(self) -> None:
        self.parts.append(self._count)
        self._elements.append(("", {"type": "cut"}))

    def end(self) -> None:
        """Of a document without a cut at its end."""
        self.parts.append(self._count)

    def document(self) -> list[dict[str, Any]]:
        elements: list[dict[str, Any]] = []
        for kind, element in self._elements:
            if not kind:
                elements.append(element)
                continue
            mark = Mark(self._number, len(self._made) + 1, self._count)
            line = marked_line(mark, self._random) if kind == "text" else None
            elements.append({**element, "text": line} if line is not None else {**element, "data": str(mark)})
            self._made.append(Expected(mark, line, self._pictures.get(mark.index, 0)))
        return elements

    def lines(self) -> list[Expected]:
        """After ``document``."""
        return self._made


def _short(sheet: _Sheet, random: Random) -> None:
    sheet.text(random.randint(*SHORT_LINES), bold=random.random() < 0.5)
    sheet.cut()


def _long(sheet: _Sheet, random: Random) -> None:
    sheet.text(random.randint(*LONG_LINES))
    sheet.cut()


def _several_cuts(sheet: _Sheet, random: Random) -> None:
    for _ in range(random.randint(*PARTS)):
        sheet.text(random.randint(*PART_LINES))
        sheet.cut()


def _codes(sheet: _Sheet, random: Random) -> None:
    sheet.text(random.randint(*SHORT_LINES))
    sheet.symbol({"type": "qr", "module_dots": random.randint(3, 6)})
    sheet.text(1)
    if random.random() < 0.5:
        sheet.symbol({"type": "qr", "level": "H"})
        sheet.text(1)
    sheet.cut()


def _raster(sheet: _Sheet, random: Random) -> None:
    sheet.text(random.randint(*SHORT_LINES))
    width, height = PICTURE_DOTS
    sheet.picture(width, height * random.randint(1, 4))
    sheet.text(random.randint(*SHORT_LINES))
    sheet.cut()


def _drawer(sheet: _Sheet, random: Random) -> None:
    is_first = random.random() < 0.5
    if is_first:
        sheet.drawer()
    sheet.text(random.randint(*SHORT_LINES))
    if not is_first:
        sheet.drawer()
        sheet.text(1)
    sheet.cut()


def _uncut(sheet: _Sheet, random: Random) -> None:
    """As kitchens tear it off."""
    sheet.text(random.randint(*PART_LINES))
    sheet.feed(random.randint(1, 5))
    sheet.end()


SHAPES: Mapping[str, Callable[[_Sheet, Random], None]] = {
    "short": _short,
    "long": _long,
    "several_cuts": _several_cuts,
    "codes": _codes,
    "raster": _raster,
    "drawer": _drawer,
    "uncut": _uncut,
}


def _png(width: int, height: int, random: Random) -> bytes:
    """Black and white noise (PNG, RFC 2083), so that its bytes look like commands now and then."""
    rows = b"".join(b"\x00" + random.randbytes((width + 7) // 8) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
