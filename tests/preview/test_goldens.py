"""Receipts in twelve languages and what else stores print, dot for dot as people have looked at them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tests.support.goldens import GOLDENS, difference, drawn, goldens

NAMES = sorted(goldens())


@pytest.mark.parametrize("name", NAMES)
def test_print_is_as_its_golden_picture(name: str, tmp_path: Path) -> None:
    shown = drawn(goldens()[name])
    assert shown.problems == ()
    golden, found = GOLDENS / f"{name}.png", tmp_path / f"{name}.png"
    problem = "there is no such picture" if not golden.exists() else difference(golden.read_bytes(), shown.png)
    if problem is not None:
        found.write_bytes(shown.png)
        pytest.fail(
            f"{golden}: {problem}\nnow: {found}\nLook at both. If the new is right: python -m tests.support.goldens",
            pytrace=False,
        )


def test_every_golden_picture_is_of_a_print() -> None:
    assert sorted(path.stem for path in GOLDENS.glob("*.png")) == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("receipt")])
def test_number_of_the_receipt_is_read_back_from_the_picture(name: str) -> None:
    with Image.open(io.BytesIO((GOLDENS / f"{name}.png").read_bytes())) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"))
    ((form, text),) = [(each.format.name, each.text) for each in found]
    assert form in ("Code128", "QRCode")
    assert text == "S001-T3-20261121-000123"


def test_codes_of_the_labels_are_read_back_from_their_pictures() -> None:
    expected = {
        "shelf_label": {("EAN13", "4006381333931")},
        "shipping_label": {
            ("Code128", "RR123456785DE"),
            ("Code128", "(00)106141411234567897"),
            ("PDF417", "70173 1 3"),
        },
        "pick_ticket": {("Code128", "P-1001")},
    }
    for name, codes in expected.items():
        with Image.open(io.BytesIO((GOLDENS / f"{name}.png").read_bytes())) as picture:
            found = zxingcpp.read_barcodes(picture.convert("L"), text_mode=zxingcpp.TextMode.HRI)
        assert {(each.format.name, each.text) for each in found} == codes


def test_difference_is_told_in_dots() -> None:
    wanted = (GOLDENS / "receipt-en.png").read_bytes()
    with Image.open(io.BytesIO(wanted)) as picture:
        changed = picture.convert("RGB")
    changed.putpixel((100, 200), (1, 2, 3))
    changed.putpixel((110, 205), (1, 2, 3))
    out = io.BytesIO()
    changed.save(out, "PNG")
    assert difference(wanted, out.getvalue()) == "2 dots differ, between (100, 200) and (111, 206)"
    assert difference(wanted, wanted) is None
