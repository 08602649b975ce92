"""What a bar code means: GTIN, UPC-E, GS1 element strings, Digital Link; and what it does not mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.check_digits import check_digit
from protocols.barcodes import gs1
from protocols.barcodes.aim import split_aim, symbology
from protocols.barcodes.gtin import expand_upc_e, isbn10, normalised
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
    assert isbn10("9788205512375") == "820551237X"
    assert isbn10("9781492053743") == "1492053740"
    assert isbn10("9791034304745") is None


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
    barcode_of(data, aim=aim)
    split_aim(data)


@given(text=st.text(st.sampled_from("0123456789\x1d^A/?=&%:https+ "), max_size=120))
def test_gs1_never_raises_and_keeps_every_character(text: str) -> None:
    found = gs1.element_strings(text)
    if found is not None:
        total = sum(len(key) + len(value) for key, value in found.items())
        assert total <= len(text.replace("\x1d", ""))
    gs1.digital_link(f"https://a/{text}")
