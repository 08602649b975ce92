"""``python -m tests.support.goldens``: draws tests/goldens anew; look at the pictures before you commit them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from edge_gateway.contracts.print_data import DATA_MODELS
from edge_gateway.preview.rendered import Printer, printer_of_profile, render
from edge_gateway.preview.shown import Shown, show
from tests.support.markdown import ROOT
from tests.support.print_examples import LANGUAGES, data_for

GOLDENS = ROOT / "tests" / "goldens"
PROFILE = "epson-tm-t20"
CHINESE = {"wide_characters": "gb18030"}
JAPANESE = {"wide_characters": "cp932"}
IMPACT = {"columns": 33, "raster": "column_24", "colours": 2, "buzzer": "esc_paren_a", "has_qr": False}
NARROW = 32
"""Columns of 58 mm paper: no room for a barcode of 23 characters."""
Golden = tuple[Mapping[str, Any], str, str]
"""Settings in place of the profile's, template, language."""


def goldens() -> dict[str, Golden]:
    """Every golden picture by its name."""
    receipts: dict[str, Golden] = {f"receipt-{language}": ({}, "receipt", language) for language in LANGUAGES}
    others: dict[str, Golden] = {template: ({}, template, "en") for template in DATA_MODELS if template != "receipt"}
    return {
        **receipts,
        **others,
        "receipt-zh-own-font": (CHINESE, "receipt", "zh"),
        "receipt-ja-own-font": (JAPANESE, "receipt", "ja"),
        "receipt-ar-58mm": ({"columns": NARROW}, "receipt", "ar"),
        "receipt-de-58mm": ({"columns": NARROW}, "receipt", "de"),
        "z_report-he": ({}, "z_report", "he"),
        "kitchen_ticket-th-impact": (IMPACT, "kitchen_ticket", "th"),
        "kitchen_ticket-de-impact": (IMPACT, "kitchen_ticket", "de"),
        "receipt-de-star": ({"profile": "generic-star"}, "receipt", "de"),
        "receipt-ar-star": ({"profile": "generic-star"}, "receipt", "ar"),
    }


def drawn(golden: Golden) -> Shown:
    """As the command ``print --preview`` draws it."""
    own, template, language = golden
    data = data_for(template, language)
    if "buzzer" in own:
        data["buzzes"] = True
    if own.get("columns") == NARROW:
        data["code"] = "qr"
    return show(render(printer(own), {"template": template, "data": data}))


def printer(own: Mapping[str, Any]) -> Printer:
    """The profile of the goldens or another one, with other settings."""
    settings = {key: value for key, value in own.items() if key != "profile"}
    return printer_of_profile(own.get("profile", PROFILE), settings)


def difference(wanted: bytes, found: bytes) -> str | None:
    """In words; None: dot for dot the same."""
    with Image.open(io.BytesIO(wanted)) as first, Image.open(io.BytesIO(found)) as second:
        old, new = first.convert("RGB"), second.convert("RGB")
    if old.size != new.size:
        return f"{new.width} x {new.height} dots, expected {old.width} x {old.height}"
    changed = ImageChops.difference(old, new).convert("L").point(lambda level: 255 * (level > 0))
    if (box := changed.getbbox()) is None:
        return None
    return f"{changed.histogram()[255]} dots differ, between {box[:2]} and {box[2:]}"


def main() -> None:
    """Write all, and tell which changed."""
    GOLDENS.mkdir(exist_ok=True)
    wanted = goldens()
    for stale in {path.stem for path in GOLDENS.glob("*.png")} - wanted.keys():
        (GOLDENS / f"{stale}.png").unlink()
        print(f"removed {stale}")
    for name, golden in wanted.items():
        _write(GOLDENS / f"{name}.png", drawn(golden).png)


def _write(path: Path, png: bytes) -> None:
    if not path.exists() or difference(path.read_bytes(), png) is not None:
        path.write_bytes(png)
        print(f"written {path.name}")


if __name__ == "__main__":
    main()
