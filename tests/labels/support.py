"""Labels rendered by the drivers' languages and read by the simulated printers, which share no code with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image

from drivers.label_base import LabelPrinter
from drivers.label_printer import EplPrinter, SlcsPrinter, TsplPrinter, ZplPrinter
from edge_gateway.contracts.printing import Rendered
from simulators.label_machine import LabelMachine
from simulators.label_parts import PrintedLabel
from simulators.label_printer import LANGUAGES

DRIVERS: Mapping[str, type[LabelPrinter]] = {
    "zpl": ZplPrinter,
    "epl": EplPrinter,
    "tspl": TsplPrinter,
    "slcs": SlcsPrinter,
}
GENEROUS: Mapping[str, Mapping[str, Any]] = {"epl": {"has_qr": True, "has_data_matrix": True}}


def label(*elements: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"width_mm": 60, "height_mm": 40, "elements": [dict(element) for element in elements], **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def rendered(language: str, content: Mapping[str, Any], **settings: Any) -> Rendered:
    driver = DRIVERS[language]
    options: Any = driver.Settings  # type: ignore[attr-defined]  # each of the four has its own
    return driver.render(options(**{**GENEROUS.get(language, {}), **settings}), content)


def machine(language: str) -> LabelMachine:
    return LabelMachine(LANGUAGES[language])


def printed(language: str, content: Mapping[str, Any], **settings: Any) -> list[PrintedLabel]:
    """What comes out. A sequence that the printer does not understand fails the test."""
    printer = machine(language)
    printer.receive(rendered(language, content, **settings).data)
    assert printer.errors == []
    assert not printer.parser.is_in_middle
    return printer.labels


def drawn(one: PrintedLabel) -> Image.Image:
    """Its pictures and boxes, dot by dot."""
    image = Image.new("L", (one.width, one.height), 255)
    for item in one.items:
        if item.kind == "picture":
            size = (item.about["width"], item.about["height"])
            picture = Image.frombytes("1", size, bytes(byte ^ 0xFF for byte in item.data))
            image.paste(picture, (item.x, item.y))
        elif item.kind == "box":
            image.paste(0, (item.x, item.y, item.x + item.about["width"], item.y + item.about["height"]))
    return image
