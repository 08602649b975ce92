"""What a simulated label printer has drawn: labels and the things on them, in dots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Drawn:
    """One thing. ``kind``: text, barcode, code, box, picture; ``about``: what its command said."""

    kind: str
    x: int
    y: int
    about: Mapping[str, Any]

    @property
    def data(self) -> Any:
        return self.about.get("data")


@dataclass(slots=True)
class PrintedLabel:
    """One label of paper."""

    width: int = 0
    height: int = 0
    items: list[Drawn] = field(default_factory=list)

    def all(self, kind: str) -> list[Drawn]:
        return [item for item in self.items if item.kind == kind]

    @property
    def texts(self) -> list[str]:
        return [item.data for item in self.all("text")]

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Symbology as the language calls it, and data, of barcodes and two-dimensional codes."""
        return [(item.about["symbology"], item.data) for item in self.items if item.kind in ("barcode", "code")]


class SequenceError(ValueError):
    """The printer would not understand this."""
