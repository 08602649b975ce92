"""Our ZPL drawn by zpl-renderer-js, which is not ours, and read back with zxing-cpp: codes and their places."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.labels.support import label, rendered, text
from tests.support.node import node_modules

PACKAGE = "zpl-renderer-js"
DRAW = """
const [modules, width, height] = process.argv.slice(1);
const {ready} = require(modules + "/zpl-renderer-js");
let zpl = "";
process.stdin.setEncoding("utf8").on("data", part => zpl += part).on("end", async () => {
  const {api} = await ready;
  console.log(JSON.stringify(await api.zplToBase64MultipleAsync(zpl, +width, +height, 8)));
  process.exit(0);
});
"""
TIMEOUT_S = 60.0
GS = "\x1d"


def drawn(zpl: bytes, width_mm: int, height_mm: int) -> list[Image.Image]:
    modules: Path = node_modules(PACKAGE)
    command = ["node", "-e", DRAW, str(modules), str(width_mm), str(height_mm)]
    done = subprocess.run(command, input=zpl, capture_output=True, check=True, timeout=TIMEOUT_S)
    return [Image.open(io.BytesIO(base64.b64decode(data))).convert("L") for data in json.loads(done.stdout)]


def read(image: Image.Image) -> set[tuple[str, str]]:
    return {(code.symbology_identifier, code.bytes.decode()) for code in zxingcpp.read_barcodes(image)}


@pytest.mark.parametrize("graphics", ["acs", "z64"])
def test_codes_of_a_label_are_read_back(graphics: str) -> None:
    gs1 = "(01)04006381333931(10)A1/2(17)261231"
    elements: list[Mapping[str, Any]] = [
        text('Äpfel ^XZ~JA ^FS _41 \\ "Q"', x_mm=5, y_mm=5, height_mm=4),
        text("Ελλάδα Яблоки تفاح", x_mm=5, y_mm=12, height_mm=5),
        {"type": "barcode", "x_mm": 5, "y_mm": 28, "symbology": "ean_13", "data": "4006381333931"},
        {"type": "barcode", "x_mm": 45, "y_mm": 28, "symbology": "code_128", "data": "AB>12345678^~_z"},
        {"type": "barcode", "x_mm": 5, "y_mm": 45, "symbology": "gs1_128", "data": gs1},
        {"type": "barcode", "x_mm": 5, "y_mm": 62, "symbology": "itf", "data": "04006381333931"},
        {"type": "barcode", "x_mm": 60, "y_mm": 62, "symbology": "code_39", "data": "A-1"},
        {"type": "qr", "x_mm": 5, "y_mm": 82, "data": 'https://example.com/ü?a=^XZ~"x"_'},
        {"type": "data_matrix", "x_mm": 30, "y_mm": 82, "data": "DM _~1 test|"},
        {"type": "data_matrix", "x_mm": 45, "y_mm": 82, "data": gs1, "is_gs1": True},
        {"type": "pdf417", "x_mm": 30, "y_mm": 105, "data": "PDF417 ^ü 123", "columns": 3},
    ]
    content = {"label": label(*elements, width_mm=100, height_mm=125)}
    (image,) = drawn(rendered("zpl", content, graphics=graphics).data, 100, 125)
    plain = f"010400638133393110A1/2{GS}17261231"
    assert read(image) == {
        ("]E0", "4006381333931"),
        ("]C0", "AB>12345678^~_z"),
        ("]C1", plain),
        ("]I1", "04006381333931"),
        ("]A0", "A-1"),
        ("]Q1", 'https://example.com/ü?a=^XZ~"x"_'),
        ("]d1", "DM _~1 test|"),
        ("]d2", plain),
        ("]L2", "PDF417 ^ü 123"),
    }


def test_codes_stand_where_they_were_placed() -> None:
    elements = [
        {"type": "qr", "x_mm": 20, "y_mm": 15, "data": "QR"},
        {"type": "barcode", "x_mm": 50, "y_mm": 30, "symbology": "ean_13", "data": "4006381333931"},
        {"type": "data_matrix", "x_mm": 10, "y_mm": 60, "data": "DM"},
    ]
    (image,) = drawn(rendered("zpl", {"label": label(*elements, width_mm=100, height_mm=80)}).data, 100, 80)
    places = {code.text: (code.position.top_left.x / 8, code.position.top_left.y / 8) for code in _codes(image)}
    for words, (x, y) in {"QR": (20, 15), "4006381333931": (50, 30), "DM": (10, 60)}.items():
        assert places[words][0] == pytest.approx(x, abs=1.0)
        assert places[words][1] == pytest.approx(y, abs=1.0)


def test_text_is_no_wider_than_its_layout_believed() -> None:
    """Estimates of the proportional font: what is laid out as fitting must not run off the label."""
    words = ["WWWWMMMM@@@%%", "Grapefruit & Mango 250 g", "1234567890,.-", "ÄÖÜäöüßéèê€", "ililil|||...''''"]
    for one in words:
        content = {"label": label(text(one, height_mm=5, overflow="shrink"), height_mm=10)}
        (image,) = drawn(rendered("zpl", content).data, 60, 10)
        ink = image.point([255] * 128 + [0] * 128).getbbox()
        assert ink is not None
        assert ink[2] < 479, one


def test_each_copy_is_a_label() -> None:
    content = {"label": label(text("{copy}/{quantity}", height_mm=5), quantity=3, is_numbered=True)}
    assert len(drawn(rendered("zpl", content).data, 60, 40)) == 3


def _codes(image: Image.Image) -> Any:
    return zxingcpp.read_barcodes(image)
