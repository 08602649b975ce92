"""The check digits of GS1 numbers: one place for whoever checks or makes one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.check_digits import check_digit, has_valid_check_digit, is_digits

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "number",
    [
        "96385074",  # EAN-8
        "012345678905",  # UPC-A
        "4006381333931",  # EAN-13
        "14006381333938",  # GTIN-14
        "006141411234567890",  # SSCC, GS1 General Specifications
        "9521101530001",  # GLN of the prefix for examples
    ],
)
def test_check_digit_of_published_numbers_is_right(number: str) -> None:
    assert has_valid_check_digit(number)
    assert check_digit(number[:-1]) == int(number[-1])


@given(st.text("0123456789", min_size=1, max_size=17), st.data())
def test_check_digit_finds_any_single_wrong_digit(payload: str, data: st.DataObject) -> None:
    number = f"{payload}{check_digit(payload)}"
    assert has_valid_check_digit(number)
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert not has_valid_check_digit(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize("text", ["", "7", "40063813339 1", "４００６３８１３３３９３１", "٤٠٠٦", "abc"])
def test_check_digit_of_what_is_no_number_is_not_valid(text: str) -> None:
    assert not has_valid_check_digit(text)
    assert not is_digits(text) or len(text) == 1


def test_check_digits_are_written_in_one_place() -> None:
    written = {
        path.relative_to(ROOT).as_posix()
        for package in ("edge_gateway", "protocols", "drivers")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and "check_digit" in node.name and "valid" not in node.name
    }
    assert written == {"edge_gateway/contracts/check_digits.py"}
