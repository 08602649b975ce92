"""What the four languages write is what the simulated printers, with parsers of their own, read and print."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printing import COPY_MARK
from tests.labels.support import DRIVERS, drawn, label, machine, printed, rendered, text

every_language = pytest.mark.parametrize("language", sorted(DRIVERS))
INJECTIONS = [
    "^XZ^XA^FO0,0^FDowned^FS",
    "~JA",
    "a^FS^XZ",
    "_5E_7E",
    '"\nCLS\nPRINT 9',
    '"P9',
    "'P9'",
    "\\",
    '\\"',
    '\\["]',
    "\\[R]",
    "\\&second",
    "a,b;c:d",
    "{copy}",
]


@every_language
def test_text_comes_out_as_it_was_given(language: str) -> None:
    (one,) = printed(language, {"label": label(text("Apples 1 kg", x_mm=2, y_mm=3, height_mm=4))})
    assert one.texts == ["Apples 1 kg"]
    assert (one.items[0].x, one.items[0].y) == (16, 24)
    assert (one.width, one.height) == (480, 320)


@every_language
@pytest.mark.parametrize("words", INJECTIONS)
def test_no_text_becomes_a_command(language: str, words: str) -> None:
    if "\n" in words:
        words = words.replace("\n", " ")
    (one,) = printed(language, {"label": label(text(words, height_mm=2, overflow="shrink"))})
    # What the language cannot say is a picture.
    assert one.texts == [words] or [item.kind for item in one.items] == ["picture"]


@every_language
@given(words=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17E, exclude_categories=["Cc"]), min_size=1))
@settings(max_examples=60, deadline=None)
def test_any_text_is_one_label_and_nothing_else(language: str, words: str) -> None:
    content = {"label": label(text("x" + words[:30], height_mm=2, overflow="cut"))}
    assert len(printed(language, content)) == 1


@every_language
@pytest.mark.parametrize(
    ("symbology", "data", "expected"),
    [
        ("ean_13", "4006381333931", "400638133393"),
        ("ean_8", "96385074", "9638507"),
        ("upc_a", "036000291452", "03600029145"),
        ("itf", "04006381333931", "04006381333931"),
        ("code_39", "ABC-123", "ABC-123"),
        ("code_128", "Ab-1234", "Ab-1234"),
    ],
)
def test_barcode_carries_its_data(language: str, symbology: str, data: str, expected: str) -> None:
    element = {"type": "barcode", "symbology": symbology, "data": data, "module_mm": "0.25"}
    (one,) = printed(language, {"label": label(element)})
    assert one.codes == [(symbology, expected)]
    assert one.items[0].about["module"] == 2
    assert one.items[0].about["height"] == 80


@every_language
def test_quotes_in_a_barcode_stay_data(language: str) -> None:
    element = {"type": "barcode", "symbology": "code_128", "data": 'a"b', "height_mm": 5}
    (one,) = printed(language, {"label": label(element)})
    assert one.codes == [("code_128", 'a"b')]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zpl", "(01)04006381333931(10)A1>8(17)261231"),
        ("epl", "010400638133393110A1\x0617261231"),
        ("tspl", "!105!1020104006381333931" + "10!100A1!102!09917261231"),
    ],
)
def test_gs1_128_says_where_values_end(language: str, expected: str) -> None:
    data = "(01)04006381333931(10)A1(17)261231"
    element = {"type": "barcode", "symbology": "gs1_128", "data": data, "height_mm": 8}
    (one,) = printed(language, {"label": label(element, width_mm=100)})
    assert one.codes[0][1] == expected
    assert one.texts == [data]  # with the brackets that people read


@every_language
def test_qr_code_carries_its_data(language: str) -> None:
    element = {"type": "qr", "data": "https://example.com/?a=1&b=2", "module_mm": "0.5"}
    (one,) = printed(language, {"label": label(element)})
    ((symbology, data),) = one.codes
    assert symbology == "qr"
    assert data == ("MA," if language == "zpl" else "") + "https://example.com/?a=1&b=2"


@every_language
def test_what_the_printer_has_no_font_for_is_a_picture(language: str) -> None:
    content = {"label": label(text("Ελλάδα שלום 日本", height_mm=4))}
    (one,) = printed(language, content)
    (picture,) = one.all("picture")
    assert picture.about["height"] == 32
    assert any(picture.data)
    assert rendered(language, content).details["pictured_texts"] == 1


@every_language
def test_picture_is_drawn_dot_by_dot(language: str) -> None:
    image = Image.new("1", (24, 16), 1)
    image.paste(0, (0, 0, 8, 8))
    file = io.BytesIO()
    image.save(file, "PNG")
    element = {
        "type": "image",
        "data": base64.b64encode(file.getvalue()).decode(),
        "width_mm": 10,
        "dither": "threshold",
    }
    for graphics in ("acs", "z64") if language == "zpl" else ("",):
        (one,) = printed(language, {"label": label(element)}, **({"graphics": graphics} if graphics else {}))
        (picture,) = one.all("picture")
        rows = [bytes(picture.data[at : at + 3]) for at in range(0, len(picture.data), 3)]
        assert rows == [b"\xff\x00\x00"] * 8 + [b"\x00\x00\x00"] * 8


@every_language
def test_boxes_and_lines_are_drawn(language: str) -> None:
    box = {"type": "box", "x_mm": 1, "y_mm": 1, "width_mm": 20, "height_mm": 10, "thickness_mm": "0.5"}
    line = {"type": "line", "x_mm": 1, "y_mm": 20, "length_mm": 30, "thickness_mm": "0.25"}
    (one,) = printed(language, {"label": label(box, line)})
    frame, rule = one.all("box")
    assert (frame.about["width"], frame.about["height"], frame.about["thickness"]) == (160, 80, 4)
    assert (rule.about["width"], rule.about["height"]) == (240, 2)


@every_language
def test_quantity_is_one_batch(language: str) -> None:
    content = {"label": label(text("x"), quantity=7)}
    assert len(printed(language, content)) == 7
    assert len(rendered(language, content).cuts) == 1


@every_language
def test_numbered_copies_are_labels_of_their_own(language: str) -> None:
    content = {"label": label(text("{copy} of {quantity}"), quantity=3, is_numbered=True)}
    assert [one.texts for one in printed(language, content)] == [["1 of 3"], ["2 of 3"], ["3 of 3"]]
    job = rendered(language, content)
    assert len(job.cuts) == 3
    assert job.cuts[-1] == len(job.data)


@every_language
def test_copy_is_marked_first_of_all(language: str) -> None:
    content = {"label": label(text("x")), COPY_MARK: "COPY"}
    assert [one.texts for one in printed(language, content)] == [["COPY"], ["x"]]


@every_language
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_text_stays_in_its_box(language: str, rotation: int) -> None:
    element = text("turned", x_mm=10, y_mm=10, width_mm=20, height_mm=3, rotation=rotation)
    (one,) = printed(language, {"label": label(element)})
    (item,) = one.items
    assert 80 <= item.x <= 80 + 160
    assert 80 <= item.y <= 80 + 160


def test_stored_format_is_filled_by_number() -> None:
    printer = machine("zpl")
    printer.receive(b"^XA^DFE:PRICE.ZPL^FS^FO10,10^A0N,30^FN1^FS^FO10,50^A0N,30^FN2^FS^XZ")
    content = {"label": {"format": "E:PRICE.ZPL", "fields": {"1": "Apples^XZ", "2": "1.50"}, "quantity": 2}}
    printer.receive(rendered("zpl", content).data)
    assert printer.errors == []
    assert [one.texts for one in printer.labels] == [["Apples^XZ", "1.50"]] * 2


def test_form_of_epl_gets_its_variables_in_order() -> None:
    content = {"label": {"format": "PRICE", "fields": {"2": "1.50", "1": "Apples"}, "quantity": 2}}
    assert rendered("epl", content).data == b'\nFR"PRICE"\n?\nApples\n1.50\nP2\n'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"fields": {}}, r"data\.fields: .* data holds the fields themselves"),
        ({"name": ["a", "b"]}, r"data\.name: expected a text or a number, got a list"),
        ({"colour": "red"}, r"colour is none of its fields; expected: name, price, unit_price, gtin, sku"),
    ],
)
def test_data_that_does_not_fit_a_template_is_refused_with_what_would(data: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        rendered("zpl", {"template": "shelf_label", "data": data})


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (
            {"format": "e:price", "fields": {}},
            "label.format: expected the printer's own name of a format, such as PRICE",
        ),
        (
            {"format": "PRICE", "fields": {"99999": "x"}},
            "label.fields.99999: expected the number of a field, such as 1",
        ),
        ({"template": "Shelf Label"}, "label.template: expected 1 to 40 small letters"),
    ],
)
def test_names_that_cannot_be_are_refused_in_words(label: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError) as refused:
        rendered("zpl", {"label": label})
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize("language", ["tspl", "slcs"])
def test_printer_that_keeps_no_formats_says_so(language: str) -> None:
    with pytest.raises(RequestError, match="keeps no formats"):
        rendered(language, {"label": {"format": "PRICE", "fields": {}}})


def test_template_is_filled_and_its_empty_elements_left_out() -> None:
    fields = {"name": "Apples {copy}", "price": "2.99", "unit_price": "", "gtin": "4006381333931", "sku": "4711"}
    (one,) = printed("zpl", {"label": {"template": "shelf_label", "fields": fields}})
    assert one.texts == ["Apples {copy}", "2.99", "4711"]
    (again,) = printed("zpl", {"template": "shelf_label", "data": fields})
    assert again.texts == one.texts


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        ({"template": "nothing"}, ErrorCode.NOT_FOUND, "'nothing' is not one of: food_label, shelf_label"),
        ({"template": "shelf_label", "fields": {"colour": "red"}}, ErrorCode.INVALID_REQUEST, "name is missing"),
        (label(text("x", x_mm=59)), ErrorCode.INVALID_REQUEST, r"label.elements\[0\]"),
        (label(text("x", y_mm=39)), ErrorCode.INVALID_REQUEST, "off the label: it ends at .* x 42.* mm"),
        (label(text("x" * 80)), ErrorCode.INVALID_REQUEST, "does not fit 60.1 mm in 1 lines"),
        (label(text("x"), width_mm=200), ErrorCode.INVALID_REQUEST, "200 mm; the printer prints 104.0 mm"),
        (label(text("a\x1bb")), ErrorCode.INVALID_REQUEST, r"label.elements\[0\].text: control character U\+001B"),
        (
            label({"type": "barcode", "symbology": "ean_13", "data": "4006381333930"}),
            ErrorCode.INVALID_REQUEST,
            r"label.elements\[0\]: check digit 0 is wrong, 1 was expected",
        ),
        (
            label({"type": "barcode", "symbology": "code_128", "data": "x" * 60}),
            ErrorCode.INVALID_REQUEST,
            "off the label",
        ),
        (
            label({"type": "qr", "data": "x", "module_mm": "0.11"}),
            ErrorCode.INVALID_REQUEST,
            "less than one dot of the printer, 0.125 mm",
        ),
        (
            label({"type": "image", "data": base64.b64encode(b"no image").decode(), "width_mm": 10}),
            ErrorCode.INVALID_REQUEST,
            r"label.elements\[0\]: ",
        ),
        ({"document": []}, ErrorCode.INVALID_REQUEST, "label"),
        (label(text("  ")), ErrorCode.INVALID_REQUEST, "nothing of it leaves a mark"),
    ],
)
def test_bad_label_is_refused_with_its_place(value: Any, code: ErrorCode, words: str) -> None:
    with pytest.raises(RequestError, match=words) as refused:
        rendered("zpl", {"label": value})
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("language", "element", "words"),
    [
        ("slcs", {"type": "pdf417", "data": "x"}, "two-dimensional codes that it draws: qr"),
        ("tspl", {"type": "data_matrix", "data": "\\[R]"}, "no way to write"),
    ],
)
def test_what_the_printer_cannot_draw_is_told(language: str, element: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words) as refused:
        rendered(language, {"label": label(element)})
    assert refused.value.code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize(
    ("language", "element", "letters"),
    [
        ("slcs", {"type": "barcode", "symbology": "gs1_128", "data": "(10)A"}, ["(10)A"]),
        ("slcs", {"type": "barcode", "symbology": "code_128", "data": "it is"}, None),
        ("tspl", {"type": "barcode", "symbology": "code_128", "data": "a\\[R]b"}, []),
        ("tspl", {"type": "qr", "data": "café"}, []),
        ("slcs", {"type": "qr", "data": "it's"}, []),
        ("zpl", {"type": "barcode", "symbology": "gs1_databar", "data": "04006381333931"}, ["04006381333931"]),
    ],
)
def test_symbol_that_the_printer_cannot_be_told_is_a_picture(
    language: str, element: dict[str, Any], letters: list[str] | None
) -> None:
    (one,) = printed(language, {"label": label(element)})
    if letters is None:
        assert one.codes == [("code_128", "it is")]
        return
    assert one.codes == []
    assert one.texts == letters
    read = {code.text.removeprefix("(01)") for code in zxingcpp.read_barcodes(drawn(one))}
    assert read == {element["data"]}


def test_document_is_refused_with_what_a_label_printer_takes() -> None:
    with pytest.raises(RequestError, match="a label printer takes label"):
        rendered("zpl", {"document": [{"type": "cut"}]})


def test_text_shrinks_or_is_cut_where_it_may() -> None:
    long = "Organic red apples from the lake"
    (small,) = printed("zpl", {"label": label(text(long, height_mm=6, overflow="shrink"))})
    assert small.texts == [long]
    assert 24 <= small.items[0].about["height"] < 48
    (cut,) = printed("zpl", {"label": label(text(long, height_mm=8, overflow="cut"))})
    assert long.startswith(cut.texts[0])
    (wrapped,) = printed("zpl", {"label": label(text(long, height_mm=6, lines=2))})
    assert " ".join(wrapped.texts) == long
