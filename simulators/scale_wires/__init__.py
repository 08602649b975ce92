"""The far end of each protocol of a scale, written from the makers' documents; each module offers ``WIRES``.

A wire says what a scale answers to bytes, and what it sends by itself. It shares no code with the codecs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Protocol

from simulators.scale_load import ScaleLoad


class ScaleWire(Protocol):
    """``streams``: it sends by itself, whether at once or only after a command."""

    def hear(self, data: bytes) -> list[bytes]:
        """What it answers to what the host sent."""
        ...

    def stream(self) -> bytes | None:
        """What it sends by itself now; None: it is not told to."""
        ...


def find_wires() -> Mapping[str, Callable[[ScaleLoad], ScaleWire]]:
    """Every protocol by the name that ``decode`` has for it, without its family."""
    found: dict[str, Callable[[ScaleLoad], ScaleWire]] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= getattr(importlib.import_module(f"{__name__}.{module.name}"), "WIRES", {})
    return dict(sorted(found.items()))
