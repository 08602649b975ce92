"""Text of a label: cut into lines that fit, and as a picture where the printer has no font for it."""

from __future__ import annotations

from edge_gateway.contracts.bitmap import Bitmap, Rasteriser, RasterRun
from edge_gateway.contracts.printed_text import TextRun
from protocols.printers.label_fonts import FontSize
from protocols.printers.layout_bidi import directed_runs, reads_right_to_left
from protocols.printers.layout_width import cells, cleaned, clusters


def lines_of(text: str, font: FontSize, box: int, most: int, *, is_native: bool) -> tuple[list[str], bool]:
    """Lines no wider than the box, words kept whole where they can be. False: not all of it, what is over is cut."""
    lines: list[str] = []
    for paragraph in cleaned(text).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if _width(longer, font, is_native=is_native) <= box:
                line = longer
                continue
            if line:
                lines.append(line)
            line = ""
            for cluster in clusters(word):
                if line and _width(line + cluster, font, is_native=is_native) > box:
                    lines.append(line)
                    line = ""
                line += cluster
        lines.append(line)
    is_whole = len(lines) <= most and all(_width(line, font, is_native=is_native) <= box for line in lines)
    broken = any(len(word) > 0 and _width(word, font, is_native=is_native) > box for word in cleaned(text).split())
    return lines[:most], is_whole and not broken


def text_bitmap(line: str, font: FontSize, rasteriser: Rasteriser) -> tuple[Bitmap, int]:
    """A line as it stands on paper, and how many of its characters no font has."""
    runs = [
        RasterRun(run.text, sum(map(cells, run.text)) * font.cell_width, run.is_right_to_left)
        for run in directed_runs([TextRun(line)], reads_right_to_left(line))
    ]
    bitmap = rasteriser.text(runs, font_dots={"a": font.cell_width, "b": font.cell_width}, line_dots=font.height)
    return bitmap, rasteriser.missing(line)


def cropped(bitmap: Bitmap, margin: int) -> Bitmap:
    """Without so many dots on each side."""
    return _packed([row[margin : bitmap.width_dots - margin] for row in _bits(bitmap)[margin:-margin]])


def turned(bitmap: Bitmap, rotation: int) -> Bitmap:
    """Turned clockwise by 0, 90, 180 or 270 degrees."""
    if rotation == 0:
        return bitmap
    rows = _bits(bitmap)
    if rotation == 180:
        return _packed([row[::-1] for row in reversed(rows)])
    columns = ["".join(row[index] for row in rows) for index in range(bitmap.width_dots)]
    return _packed([column[::-1] for column in columns] if rotation == 90 else columns[::-1])


def _width(text: str, font: FontSize, *, is_native: bool) -> int:
    return font.width_of(text) if is_native else font.cell_width * sum(map(cells, text))


def _bits(bitmap: Bitmap) -> list[str]:
    size = bitmap.row_bytes
    return [
        "".join(f"{byte:08b}" for byte in bitmap.rows[start : start + size])[: bitmap.width_dots]
        for start in range(0, len(bitmap.rows), size)
    ]


def _packed(rows: list[str]) -> Bitmap:
    width = len(rows[0])
    padding = "0" * (-width % 8)
    data = b"".join(int(row + padding, 2).to_bytes((width + 7) // 8, "big") for row in rows)
    return Bitmap(width, len(rows), data)
