"""What a bar code means: GTIN, UPC-E, GS1 element strings, Digital Link; and what it does not mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.check_digits import check_digit
from protocols.barcodes import gs1
from protocols.barcodes.aim import split_aim, symbology
from protocols.barcodes.books import isbn_10
from protocols.barcodes.gtin import expand_upc_e, normalised
from protocols.barcodes.meaning import barcode_of


@pytest.mark.parametrize(
    ("aim", "text", "expected"),
    [
        ("]E0", "4006381333931", "ean_13"),
        ("]E0", "042100005264", "upc_a"),
        ("]E0", "04252614", "upc_e"),
        ("]E0", "96385074", "ean_8"),
        ("]E4", "96385074", "ean_8"),
        ("]E3", "400638133393112", "ean_13_addon_2"),
        ("]C0", "ABC", "code_128"),
        ("]C1", "01", "gs1_128"),
        ("]d1", "x", "datamatrix"),
        ("]d2", "01", "gs1_datamatrix"),
        ("]Q1", "x", "qr_code"),
        ("]Q3", "01", "gs1_qr_code"),
        ("]e0", "01", "gs1_databar"),
        ("]J1", "01", "gs1_dotcode"),
        ("]A0", "X", "code_39"),
        ("]W0", "X", "unknown"),
        (None, "4006381333931", "unknown"),
    ],
)
def test_symbology_is_named_from_the_aim_identifier(aim: str | None, text: str, expected: str) -> None:
    assert symbology(aim, text) == expected


@pytest.mark.parametrize(
    ("aim", "text", "gtin"),
    [
        ("]E0", "4006381333931", "04006381333931"),
        ("]E0", "042100005264", "00042100005264"),
        ("]E0", "04252614", "00042100005264"),
        ("]E4", "96385074", "00000096385074"),
        ("]E0", "4006381333930", None),
        ("]E3", "400638133393112", "04006381333931"),
        ("]I1", "12345678901231", "12345678901231"),
        ("]C0", "4006381333931", None),  # a serial number may look like one
        (None, "4006381333931", "04006381333931"),
        (None, "04252614", "00042100005264"),
        (None, "01234558", "00012345000058"),  # valid as EAN-8 too
        (None, "96385074", "00000096385074"),
        (None, "٤٠٠٦٣٨١٣٣٣٩٣١", None),  # digits, but not of a bar code
        ("]C1", "0104006381333931", "04006381333931"),
        ("]C1", "0104006381333930", None),
        ("]C1", "003734003068099817330", None),
        ("]C1", "0204006381333931372", None),  # of what is inside, not of the item
    ],
)
def test_gtin_is_fourteen_digits_with_a_right_check_digit_or_none(aim: str | None, text: str, gtin: str | None) -> None:
    assert barcode_of(text.encode(), aim=aim).gtin == gtin


@pytest.mark.parametrize(
    ("aim", "text", "expected"),
    [
        ("]C1", "011231231231233310ABC123\x1d99TESTING", {"01": "12312312312333", "10": "ABC123", "99": "TESTING"}),
        ("]d2", "\x1d0104006381333931", {"01": "04006381333931"}),
        ("]Q3", "0107032069804988100329\x1d\x1d15210526\x1d", {"01": "07032069804988", "10": "0329", "15": "210526"}),
        ("]e0", "0104006381333931" + "3103001234", {"01": "04006381333931", "3103": "001234"}),
        (None, "\x1d0104006381333931", {"01": "04006381333931"}),
        ("]C1", "17000000" + "10A", {"17": "000000", "10": "A"}),  # such dates are printed
        ("]C1", "01123123123133^10ABC", None),
        ("]C1", "10" + "A" * 20 + "17261231", None),  # a separator is missing
        ("]C1", "10A\x1d10B", None),
        ("]C1", "10A\x1d10A", {"10": "A"}),
        ("]C1", "", None),
        ("]C1", "01٠٤٠٠٦٣٨١٣٣٣٩٣١", None),
        ("]E0", "7011030201850", None),  # must not be read as application identifier 7011
        ("]C0", "0104006381333931", None),
        ("]Q1", "0104006381333931", None),
        (None, "0104006381333931", None),
        ("]E0", "2112345678900|]e099COMPOSITE\x1d98XYZ", {"99": "COMPOSITE", "98": "XYZ"}),
    ],
)
def test_application_identifiers_only_where_the_symbology_is_gs1(
    aim: str | None, text: str, expected: Mapping[str, str] | None
) -> None:
    assert barcode_of(text.encode(), aim=aim).application_identifiers == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a/01/2112345678900", {"01": "02112345678900"}),
        ("https://a/00/faux/00/006141411234567890", {"00": "006141411234567890"}),
        ("HTTPS://example.com/foo/01/614141123452/10/A+B", {"01": "00614141123452", "10": "A+B"}),
        (
            "https://a/gtin/9520123456788/lot/A%2FB?exp=261200&u=1",
            {"01": "09520123456788", "10": "A/B", "17": "261200"},
        ),
        ("https://a/01/9520123456788?3103=000195#x", {"01": "09520123456788", "3103": "000195"}),
        ("Https://a/01/9520123456788", None),
        ("https://a/01/952012345678X", None),
        ("https://a/01/9520123456788?3103=X", None),
        ("https://a/NOPRIMARY", None),
        ("https://example.com/", None),
        ("ftp://a/01/9520123456788", None),
    ],
)
def test_digital_link_gives_its_application_identifiers(text: str, expected: Mapping[str, str] | None) -> None:
    assert gs1.digital_link(text) == expected
    assert barcode_of(text.encode(), aim="]Q1").is_digital_link is (expected is not None)


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [
        ("01234505", "012000003455"),
        ("01234514", "012100003454"),
        ("01234523", "012200003453"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
        ("01234558", "012345000058"),
        ("01234596", "012345000096"),
        ("1425261", "142100005261"),
        ("425261", "042100005264"),
        ("01234506", None),
        ("21234505", None),
        ("0123450", "012000003455"),
        ("12345", None),
    ],
)
def test_upc_e_expands_by_its_last_digit(upc_e: str, upc_a: str | None) -> None:
    assert expand_upc_e(upc_e) == upc_a


def test_isbn_10_of_an_isbn_13() -> None:
    assert isbn_10("9788205512375") == "820551237X"
    assert isbn_10("9781492053743") == "1492053740"
    assert isbn_10("9791034304745") is None


@pytest.mark.parametrize(
    ("text", "is_own"),
    [("2088060112343", True), ("0212345678909", True), ("4006381333931", False), ("96385074", False)],
)
def test_numbers_of_the_stores_own_are_marked(text: str, is_own: bool) -> None:
    assert barcode_of(text.encode(), aim="]E0").is_restricted_circulation is is_own


def test_bytes_that_are_no_text_have_no_text() -> None:
    assert barcode_of(b"\xff\xfe\x00", aim="]Q1").to_json() == {
        "text": None, "symbology": "qr_code", "gtin": None, "application_identifiers": None,
    }  # fmt: skip
    assert barcode_of(b"Caf\xe9", encoding="latin-1").text == "Café"


@given(payload=st.text("0123456789", min_size=13, max_size=13))
def test_check_digit_finds_any_single_wrong_digit(payload: str) -> None:
    digits = f"{payload}{check_digit(payload)}"
    assert normalised(digits) == digits
    for position in range(14):
        wrong = f"{digits[:position]}{(int(digits[position]) + 1) % 10}{digits[position + 1 :]}"
        assert normalised(wrong) is None


@given(data=st.binary(max_size=200), aim=st.sampled_from(["]C1", "]e0", "]E0", "]E3", "]Q1", "]Z9", None]))
def test_meaning_never_raises_on_what_a_scanner_sent(data: bytes, aim: str | None) -> None:
    found = barcode_of(data, aim=aim).to_json()
    assert found.keys() >= {"text", "symbology", "gtin", "application_identifiers"}
    assert found["text"] is None or found["text"].encode() == data
    identifier, rest = split_aim(data)
    assert (identifier or "").encode() + rest == data, "nothing is lost and nothing invented"


@given(text=st.text(st.sampled_from("0123456789\x1d^A/?=&%:https+ "), max_size=120))
def test_gs1_never_raises_and_keeps_every_character(text: str) -> None:
    found = gs1.element_strings(text)
    if found is not None:
        total = sum(len(key) + len(value) for key, value in found.items())
        assert total <= len(text.replace("\x1d", ""))
    link = gs1.digital_link(f"https://a/{text}")
    assert link is None or all(value for value in link.values())


@pytest.mark.parametrize(
    ("aim", "text", "kind", "gtin", "addon"),
    [
        ("]E3", "400638133393112", "ean_13_addon_2", "04006381333931", "12"),
        ("]E3", "978149205374351999", "ean_13_addon_5", "09781492053743", "51999"),
        ("]E3", "04210000526412", "upc_a_addon_2", "00042100005264", "12"),
        ("]E3", "04210000526451999", "upc_a_addon_5", "00042100005264", "51999"),
        ("]E3", "9638507412", "ean_8_addon_2", "00000096385074", "12"),
        ("]E3", "9638507451999", "ean_8_addon_5", "00000096385074", "51999"),
        ("]E3", "4006381333931", "ean_13", "04006381333931", None),
        ("]E1", "12", "ean_addon_2", None, None),
    ],
)
def test_addon_is_told_beside_the_number(aim: str, text: str, kind: str, gtin: str | None, addon: str | None) -> None:
    barcode = barcode_of(text.encode(), aim=aim)
    assert (barcode.symbology, barcode.gtin, barcode.addon) == (kind, gtin, addon)


@pytest.mark.parametrize(
    ("text", "code_id", "isbn", "issn"),
    [
        ("9781492053743", None, "9781492053743", None),
        ("9791034304745", None, "9791034304745", None),
        ("9790260000438", None, None, None),  # music
        ("1492053740", "bookland", "9781492053743", None),
        ("820551237X", "bookland", "9788205512375", None),
        ("1492053741", "bookland", None, None),
        ("9770317847001", None, None, "0317-8471"),
        ("1492053740", None, None, None),
    ],
)
def test_books_and_periodicals(text: str, code_id: str | None, isbn: str | None, issn: str | None) -> None:
    barcode = barcode_of(text.encode(), symbology_by_code_id=code_id)
    assert (barcode.isbn, barcode.issn) == (isbn, issn)


@pytest.mark.parametrize(
    ("aim", "data", "text"),
    [
        ("]Q2", b"\\000026\xe2\x82\xac\\\\1", "€\\1"),
        ("]Q1", b"\\000026\xe2\x82\xac", "€"),
        ("]Q2", b"A\\000009\xe1\\000026\xce\xb1", "Aαα"),
        ("]Q2", b"\\000020\x93\xfa\x96{", "日本"),
        ("]d4", b"\\000032\xc4\xe3", "你"),
        ("]L1", b"\\000028\xa4\xa4", "中"),
        ("]Q2", b"\\000017\xa4", "€"),
        ("]Q2", b"\\000899\x00\x01", None),
        ("]Q2", b"\\000026\xff", None),
        ("]Q1", b"C:\\000026", "C:\\000026"),  # no escape: it does not lead, and nothing says that ECI is on
        ("]Q1", b"\\999999x", "\\999999x"),
        ("]C0", b"\\000026\xc3\xa4", "\\000026ä"),
    ],
)
def test_text_is_in_the_character_set_that_its_symbol_names(aim: str, data: bytes, text: str | None) -> None:
    assert barcode_of(data, aim=aim).text == text


@pytest.mark.parametrize(
    ("elements", "identifier", "expected"),
    [
        ("3103000195", "3103", {"name": "net_weight", "value": "0.195", "unit": "kg"}),
        ("3202000195", "3202", {"name": "net_weight", "value": "1.95", "unit": "lb"}),
        ("3300000195", "3300", {"name": "gross_weight", "value": "195", "unit": "kg"}),
        ("3920299", "3920", {"name": "price", "value": "299"}),
        ("39220299", "3922", {"name": "price", "value": "2.99"}),
        ("39329780299", "3932", {"name": "price", "value": "2.99", "currency": "EUR"}),
        ("39127521234", "3912", {"name": "amount", "value": "12.34", "currency": "SEK"}),
        ("3941" + "0155", "3941", {"name": "discount_percent", "value": "15.5"}),
        ("3953012345", "3953", {"name": "unit_price", "value": "12.345"}),
        ("3115000019", "3115", {"name": "length", "value": "0.00019", "unit": "m"}),
    ],
)
def test_element_with_a_decimal_point_is_told_as_decimal_text(
    elements: str, identifier: str, expected: Mapping[str, str]
) -> None:
    barcode = barcode_of(b"0104006381333931" + elements.encode(), aim="]d2")
    assert barcode.application_identifiers is not None
    assert barcode.element_values == {identifier: expected}


@pytest.mark.parametrize(
    ("aim", "text", "expected"),
    [
        ("]E0", "9811234567893", {"kind": "gs1_common_currency", "reference": "123456789"}),
        ("]E0", "9912345678906", {"kind": "gs1_national", "reference": "1234567890"}),
        ("]E0", "512345678900", {"kind": "upc_5", "manufacturer": "12345", "family": "678", "value_code": "90"}),
    ],
)  # fmt: skip
def test_coupon_is_told(aim: str, text: str, expected: Mapping[str, str]) -> None:
    number = f"{text[:-1]}{check_digit(text[:-1])}"
    assert barcode_of(number.encode(), aim=aim).to_json()["coupon"] == expected


def test_north_american_coupon_is_split() -> None:
    # company prefix 614141, offer 123456, save 0.75, buy 2 units of family 101, expires 2027-12-31
    data = "0614141" + "123456" + "275" + "12" + "0" + "101" + "3271231"
    barcode = barcode_of(f"8110{data}".encode(), aim="]e0")
    assert barcode.coupon is not None
    assert dict(barcode.coupon.parts) == {
        "company_prefix": "614141", "offer_code": "123456", "save_value": "75", "purchase_requirement": "2",
        "requirement_code": "0", "family_code": "101", "expires": "271231",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("aim", "text", "expected"),
    [
        ("]C1", "010400638133393110ABC17261231", True),
        ("]C1", "010400638133393110ABC\x1d17261231", False),
        ("]C1", "010400638133393117261231" + "10ABC", False),
        ("]d2", "010400638133393121" + "A" * 25, True),
        (None, "010400638133393110ABC17261231", True),
        (None, "0104006381333931", False),
        ("]C0", "010400638133393110ABC17261231", False),
    ],
)
def test_lost_separators_are_noticed(aim: str | None, text: str, expected: bool) -> None:
    assert barcode_of(text.encode(), aim=aim).may_lack_separators is expected
