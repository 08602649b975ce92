"""The print document: its limits, and refusals a POS developer can act on."""

from __future__ import annotations

from typing import Any

import pytest

from edge_gateway.contracts.document import (
    CHARACTERS_MAX,
    ELEMENTS_MAX,
    QR_BYTES_MAX,
    TEXT_CHARACTERS_MAX,
    BarcodeElement,
    TextElement,
    parse_document,
)
from edge_gateway.contracts.errors import ErrorCode, RequestError

CUT: dict[str, Any] = {"type": "cut"}


def text(value: Any, **style: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **style}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "document: List should have at least 1 item"),
        ("text", "document: Input should be a valid list"),
        (None, "document: Input should be a valid list"),
        ([CUT] * (ELEMENTS_MAX + 1), f"at most {ELEMENTS_MAX} items"),
        ([text("x" * TEXT_CHARACTERS_MAX)] * 6, f"a document takes at most {CHARACTERS_MAX}"),
        ([text("x" * (TEXT_CHARACTERS_MAX + 1))], "document[0].text: String should have at most"),
        ([{"type": "picture"}], "document[0]: type 'picture': expected one of 'text'"),
        ([{"text": "x"}], "document[0]: required: type"),
        ([7], "document[0]: Input should be a valid dictionary"),
        ([text("x", color="red")], "document[0].color: Extra inputs"),
        ([text(7)], "document[0].text: Input should be a valid string"),
        ([text("\ud800")], "document[0].text: Input should be a valid string"),
        ([text("a\x1bb")], "document[0].text: control character U+001B"),
        ([text("a\tb")], "document[0].text: control character U+0009"),
        ([text("x", bold="yes")], "document[0].bold: Input should be a valid boolean"),
        ([text("x", align="middle")], "document[0].align: Input should be 'left', 'center' or 'right'"),
        ([text("x", size=[0, 1])], "document[0].size[0]: Input should be greater than or equal to 1"),
        ([text("x", size=[1, 9])], "document[0].size[1]: Input should be less than or equal to 8"),
        ([text("x", size=[1])], "document[0].size[1]: Field required"),
        ([text("x", size=[True, 1])], "document[0].size[0]: Input should be a valid integer"),
        ([{"type": "columns", "left": "a\nb", "right": ""}], "document[0].left: control character U+000A"),
        ([{"type": "qr", "data": ""}], "document[0].data: String should have at least 1"),
        ([{"type": "qr", "data": "é" * QR_BYTES_MAX}], f"a QR code takes at most {QR_BYTES_MAX}"),
        ([{"type": "feed", "lines": 51}], "document[0].lines: Input should be less than or equal to 50"),
        ([{"type": "drawer"}] * 3, "3 drawer elements; a document takes at most 2"),
        ([{"type": "barcode", "symbology": "aztec", "data": "1"}], "document[0].symbology: Input should be 'ean_13'"),
        (
            [{"type": "barcode", "symbology": "ean_13", "data": "4006381333932"}],
            "check digit 2 is wrong, 1 was expected",
        ),
        ([{"type": "barcode", "symbology": "ean_8", "data": "123"}], "ean_8 takes 8 digits, or 7 without"),
        ([{"type": "barcode", "symbology": "upc_a", "data": "１２３４５６７８９０１"}], "upc_a takes 12 digits"),
        ([{"type": "barcode", "symbology": "itf", "data": "123"}], "itf takes an even number of digits"),
        ([{"type": "barcode", "symbology": "code_39", "data": "abc"}], "code_39 takes digits, capital letters"),
        ([{"type": "barcode", "symbology": "code_128", "data": "é"}], "code_128 takes printable ASCII"),
    ],
)
def test_document_is_refused_with_where_and_why(document: Any, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_document(document)
    assert refused.value.code is ErrorCode.INVALID_REQUEST
    assert message in str(refused.value)


def test_document_is_refused_with_all_its_problems_but_not_its_content() -> None:
    with pytest.raises(RequestError) as refused:
        parse_document([text("secret\x00"), {"type": "feed", "lines": 0}, *([{"type": "nothing"}] * 20)])
    message = str(refused.value)
    assert "document[0].text" in message
    assert "document[1].lines" in message
    assert "and 12 more" in message
    assert "secret" not in message


@pytest.mark.parametrize("name", ["ean_13", "EAN-13", "ean13", "Ean 13", "JAN13"])
def test_symbology_is_known_by_its_usual_spellings(name: str) -> None:
    (element,) = parse_document([{"type": "barcode", "symbology": name, "data": "400638133393"}])
    assert isinstance(element, BarcodeElement)
    assert element.symbology == "ean_13"


def test_text_keeps_its_lines() -> None:
    (element,) = parse_document([text("a\r\nb\nc")])
    assert isinstance(element, TextElement)
    assert element.text == "a\nb\nc"
    assert element.size == (1, 1)
