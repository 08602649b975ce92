"""Finds the runnable examples of the documentation: fenced blocks whose info string ends in `run`."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^ *```(?P<language>\w+) run\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL)
"""Also within a list, where it is indented."""


@dataclass(frozen=True, slots=True)
class Example:
    """One block. ``name``: page and line, for the test's id."""

    name: str
    language: str
    code: str


def examples(pages: list[Path]) -> list[Example]:
    """All runnable blocks of these pages, in order."""
    found = []
    for page in pages:
        text = page.read_text()
        for match in _BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Example(f"{page.relative_to(ROOT)}:{line}", match["language"], textwrap.dedent(match["code"])))
    return found


def pages() -> list[Path]:
    """README, CONTRIBUTING, the driver contract and everything under docs/."""
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "drivers/README.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
