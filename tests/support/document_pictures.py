"""The pictures of ``docs/documents.md``: each of its examples, printed on simulated paper."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from edge_gateway.preview.rendered import printer_of_profile, render
from edge_gateway.preview.shown import show
from tests.support.markdown import ROOT

PAGE: Final = ROOT / "docs" / "documents.md"
PICTURES: Final = ROOT / "docs" / "pictures"
PROFILE: Final = "epson-tm-t20"
SETTINGS: Final[dict[str, Any]] = {
    "columns": 42,
    "buzzer": "esc_b",
    "colours": 2,
    "logos": {"shop": {"key": "G1"}},
    "raw_commands": ["ESC 2", "ESC 3"],
}
"""What the examples need of a printer."""
_EXAMPLE: Final = re.compile(
    r"```json\n(?P<document>.*?)```\n<!-- picture: (?P<name>[a-z0-9]+) -->\n(?:!\[[^\n]*\n)?", re.DOTALL
)


def rendered(page: str) -> str:
    """The page with its pictures linked."""
    return _EXAMPLE.sub(_linked, page)


def pictures() -> Iterator[tuple[str, bytes]]:
    """Name and PNG of each."""
    printer = printer_of_profile(PROFILE, SETTINGS)
    for example in _EXAMPLE.finditer(PAGE.read_text("utf-8")):
        shown = show(render(printer, {"document": json.loads(example["document"])}))
        if shown.problems:
            raise ValueError(f"{example['name']}: {shown.problems}")
        yield example["name"], shown.png


def write() -> None:
    """Page and pictures."""
    PAGE.write_text(rendered(PAGE.read_text("utf-8")), "utf-8")
    PICTURES.mkdir(exist_ok=True)
    for name, png in pictures():
        (PICTURES / f"document-{name}.png").write_bytes(png)


def _linked(example: re.Match[str]) -> str:
    text = example[0]
    link = f"![{example['name']}, as printed](pictures/document-{example['name']}.png)\n"
    return re.sub(r"(<!-- picture: [a-z0-9]+ -->\n)(?:!\[[^\n]*\n)?\Z", lambda mark: mark[1] + link, text)
