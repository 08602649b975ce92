"""Previews of labels: what each language says, drawn, and read back by another reader."""

from __future__ import annotations

import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from edge_gateway.contracts.printing import Rendered
from edge_gateway.preview.rendered import Job, printer_of_profile, render
from edge_gateway.preview.shown import show

LANGUAGES = ("zpl", "epl", "tspl", "slcs")
OWN: dict[str, dict[str, Any]] = {"epl": {"has_qr": True, "has_data_matrix": True}}
GS1 = "(01)04006381333931(10)AB"


def shown(language: str, elements: list[dict[str, Any]], **more: Any) -> Any:
    label = {"width_mm": 90, "height_mm": 60, "elements": elements, **more}
    return show(render(printer_of_profile(f"generic-{language}", OWN.get(language, {})), {"label": label}))


def read(png: bytes) -> set[tuple[str, str]]:
    with Image.open(io.BytesIO(png)) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"), text_mode=zxingcpp.TextMode.HRI)
    return {(each.format.name, each.text) for each in found}


BARCODES = [
    ("ean_13", "4006381333931", "EAN13", "4006381333931"),
    ("ean_8", "96385074", "EAN8", "96385074"),
    ("code_128", "No. 12345678", "Code128", "No. 12345678"),
    ("gs1_128", GS1, "Code128", GS1),
    ("code_39", "A-1", "Code39", "A-1"),
    ("itf", "04006381333931", "ITF", "04006381333931"),
    ("codabar", "A40156B", "Codabar", "A40156B"),
]
CODES = [
    ({"type": "qr", "data": "https://example.com/ü"}, "QRCode", "https://example.com/ü"),
    ({"type": "data_matrix", "data": "DM 42"}, "DataMatrix", "DM 42"),
    ({"type": "data_matrix", "data": GS1, "is_gs1": True}, "DataMatrix", GS1),
    ({"type": "pdf417", "data": "RR123456785DE", "columns": 3}, "PDF417", "RR123456785DE"),
]


CANNOT = {
    ("slcs", "gs1_128"),
    ("slcs", "data_matrix"),
    ("slcs", "gs1_data_matrix"),
    ("slcs", "pdf417"),
    ("epl", "gs1_data_matrix"),
}
"""What the gateway does not write in a language."""
EVERY_BARCODE = [
    pytest.param(language, *barcode, id=f"{language}-{barcode[0]}")
    for language in LANGUAGES
    for barcode in BARCODES
    if (language, barcode[0]) not in CANNOT
]
EVERY_CODE = [
    pytest.param(language, *code, id=f"{language}-{name}")
    for language in LANGUAGES
    for name, code in zip(("qr", "data_matrix", "gs1_data_matrix", "pdf417"), CODES, strict=True)
    if (language, name) not in CANNOT
]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize(("language", "symbology", "data", "form", "text"), EVERY_BARCODE)
def test_barcode_is_read_back(language: str, rotation: int, symbology: str, data: str, form: str, text: str) -> None:
    element = {"type": "barcode", "x_mm": 10, "y_mm": 5, "symbology": symbology, "data": data, "rotation": rotation}
    found = shown(language, [element])
    assert found.problems == ()
    assert read(found.png) == {(form, text)}


@pytest.mark.parametrize(("language", "element", "form", "text"), EVERY_CODE)
def test_code_is_read_back(language: str, element: dict[str, Any], form: str, text: str) -> None:
    found = shown(language, [{**element, "x_mm": 10, "y_mm": 5}])
    assert found.problems == ()
    assert read(found.png) == {(form, text)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_lines_and_pictures_are_in_their_places(language: str) -> None:
    found = shown(
        language,
        [
            {"type": "text", "x_mm": 5, "y_mm": 5, "text": "HH", "height_mm": 4},
            {"type": "text", "x_mm": 5, "y_mm": 20, "text": "شكرا", "height_mm": 5},
            {"type": "line", "x_mm": 0, "y_mm": 40, "length_mm": 50, "thickness_mm": 1},
        ],
        quantity=3,
    )
    assert found.problems == ()
    first, *words = found.text.splitlines()
    assert first == "--- 3 x 719 x 480 dots"
    assert words[0] == "HH"
    assert words[1].startswith("[picture ")
    with Image.open(io.BytesIO(found.png)) as picture:
        grey = picture.convert("L")
    assert grey.size == (719 + 16, 3 * 488 + 8)
    assert {grey.getpixel((8 + x, 8 + 322)) for x in (0, 200, 398)} == {0}
    top = [y for y in range(480) if any(grey.getpixel((8 + x, 8 + y)) == 0 for x in range(40, 80))]
    assert 40 <= top[0] <= 52, "the text is where it was put"


def test_packaged_label_is_drawn_with_its_fields() -> None:
    data = {"name": "Apples", "price": "1.29", "unit_price": "12.90 / kg", "gtin": "4006381333931", "sku": "4711"}
    job = render(printer_of_profile("generic-zpl", {}), {"template": "shelf_label", "data": data})
    found = show(job)
    assert found.problems == ()
    assert "Apples" in found.text
    assert read(found.png) == {("EAN13", "4006381333931")}


def test_what_the_printer_would_not_print_is_told() -> None:
    printer = printer_of_profile("generic-zpl", {})
    data = b"^XA^CI28^PW400^LL200^FO390,10^BEN,50,N,N^FH^FD400638133393^FS^PQ1,0,0,N^XZ^XA^FO1,1^NO^FS"
    problems = show(Job(printer, Rendered(data), ())).problems
    assert "barcode at 390, 10 does not fit the label" in problems
    assert any("unknown command" in problem for problem in problems)
    assert "cut off in the middle of a label" in problems
