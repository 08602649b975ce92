"""``./dev fonts DIRECTORY``: makes edge_gateway/resources/fonts anew, out of Debian's packages of the Noto fonts.

DIRECTORY holds fonts-noto-core, fonts-noto-mono and fonts-noto-cjk, unpacked (``apt-get download``, ``dpkg-deb -x``).
Each font is cut down to what receipts need. A script that is shaped keeps its rules, and every glyph of it gets a
code point of its own from GLYPH_PLANE on: a library that draws only characters can so draw what a shaper chose.
"""

from __future__ import annotations

import json
import string
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import cmap_format_12

from tests.support.markdown import ROOT

FONTS = ROOT / "edge_gateway" / "resources" / "fonts"
CJK = "usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
GLYPH_PLANE = 0xF0000
"""Supplementary Private Use Area-A: no text has these."""
LATIN = frozenset(ord(character) for character in string.ascii_letters + string.digits)
"""Comes from the monospaced font everywhere; signs between words look better in the font of the words."""
SCRIPTS = (
    *("Arabic", "Hebrew", "Thai", "Lao", "Khmer", "Myanmar", "Devanagari", "Bengali", "Gurmukhi", "Gujarati"),
    *("Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Georgian", "Armenian", "Ethiopic"),
)
SIGNS = frozenset((*range(0x2190, 0x2200), *range(0x25A0, 0x2800), *range(0x2B00, 0x2C00)))


@dataclass(frozen=True)
class Source:
    """A font to be made. ``number``: within a collection."""

    name: str
    path: str
    characters: frozenset[int]
    number: int = -1
    is_shaped: bool = False


def main() -> None:
    debian = Path(sys.argv[1])
    entries = [_make(debian, source) for source in _sources()]
    (FONTS / "fonts.json").write_text(json.dumps(entries, indent=1) + "\n", "ascii")
    print(f"written: {FONTS}, {sum(path.stat().st_size for path in FONTS.iterdir()) / 1e6:.1f} MB")


def _sources() -> Iterable[Source]:
    """In the order in which a character is looked for."""
    noto = "usr/share/fonts/truetype/noto/NotoSans"
    yield Source("mono", f"{noto}Mono-Regular.ttf", frozenset(range(0x110000)))
    for script in SCRIPTS:
        everything = frozenset(range(0x110000)) - LATIN
        yield Source(script.lower(), f"{noto}{script}-Regular.ttf", everything, is_shaped=True)
    korean = _pairs("euc_kr", range(0xA1, 0xFF), range(0xA1, 0xFF))
    chinese = _pairs("gb2312", range(0xA1, 0xFF), range(0xA1, 0xFF))
    taiwanese = _pairs("big5", range(0xA1, 0xC7), range(0x40, 0xFF))
    yield Source("chinese", CJK, chinese | taiwanese, number=2)
    halfwidth_katakana = frozenset(range(0xFF61, 0xFFA0))
    japanese = _pairs("cp932", range(0x81, 0xFD), range(0x40, 0xFD)) | halfwidth_katakana
    yield Source("japanese", CJK, frozenset(c for c in japanese if not 0xE000 <= c < 0xF900), number=0)
    yield Source("korean", CJK, frozenset(c for c in korean if 0xAC00 <= c <= 0xD7A3), number=1)
    yield Source("signs", f"{noto}Symbols2-Regular.ttf", SIGNS, is_shaped=True)


def _pairs(encoding: str, firsts: range, seconds: range) -> frozenset[int]:
    """The characters of two bytes of an encoding."""
    found = set()
    for pair in (bytes((first, second)) for first in firsts for second in seconds):
        text = pair.decode(encoding, "ignore")
        if len(text) == 1 and ord(text) > 0x7F:
            found.add(ord(text))
    return frozenset(found)


def _make(debian: Path, source: Source) -> dict[str, Any]:
    options = subset.Options()
    options.hinting = True
    options.layout_features = ["*"] if source.is_shaped else []
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    options.font_number = source.number
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "STAT", "DSIG", "MATH"]
    options.recalc_timestamp = False
    font = subset.load_font(str(debian / source.path), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=source.characters)
    subsetter.subset(font)
    covered = sorted(font.getBestCmap())
    if source.is_shaped:
        _give_each_glyph_a_code_point(font)
    file = f"{source.name}{Path(source.path).suffix if source.number < 0 else '.otf'}"
    subset.save_font(font, str(FONTS / file), options)
    return {
        "name": source.name,
        "file": file,
        "version": font["name"].getDebugName(5).split(";")[0],
        "units_per_em": font["head"].unitsPerEm,
        "is_shaped": source.is_shaped,
        "covers": " ".join(f"{first:X}-{last:X}" for first, last in _ranges(covered)),
    }


def _give_each_glyph_a_code_point(font: TTFont) -> None:
    table = cmap_format_12(12)
    table.platformID, table.platEncID, table.language = 3, 10, 0
    table.format, table.reserved, table.length, table.nGroups = 12, 0, 0, 0
    table.cmap = dict(font.getBestCmap())
    table.cmap.update({GLYPH_PLANE + index: name for index, name in enumerate(font.getGlyphOrder())})
    kept = [each for each in font["cmap"].tables if (each.platformID, each.platEncID) != (3, 10)]
    font["cmap"].tables = [*kept, table]


def _ranges(numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ((first, last) for first, last in found)


if __name__ == "__main__":
    main()
