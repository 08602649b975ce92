"""Card numbers are found however they are written, and other numbers are left alone."""

from __future__ import annotations

import random
import re
import string
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_gateway.contracts import card_data
from edge_gateway.contracts.card_data import (
    SCHEMES,
    TEST_CARD_NUMBERS,
    holds_card_number,
    holds_number_of_card,
    mask_long_digits,
)
from edge_gateway.contracts.check_digits import check_digit
from edge_gateway.contracts.errors import RequestError
from edge_gateway.contracts.transaction import read_transaction
from tests.support.transactions import example

VISA = "4111111111111111"
SEED = 20261121
SAMPLE = 100_000


def luhn_digit(payload: str) -> str:
    """As in ISO/IEC 7812-1, written another way than the code under test."""
    doubled = [sum(divmod(int(digit) * 2, 10)) for digit in payload[::-2]]
    return str(-(sum(doubled) + sum(int(digit) for digit in payload[-2::-2])) % 10)


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    """Of any scheme, range and length, but no GTIN-13."""
    _, ranges, lengths = draw(st.sampled_from(SCHEMES))
    first, last = draw(st.sampled_from(ranges))
    prefix = str(draw(st.integers(int(first), int(last))))
    length = draw(st.sampled_from(sorted(lengths)))
    rest = length - len(prefix) - 1
    payload = prefix + draw(st.text(string.digits, min_size=rest, max_size=rest))
    number = payload + luhn_digit(payload)
    if length == 13 and int(number[-1]) == check_digit(payload):
        number = VISA
    return number


@pytest.mark.parametrize("number", sorted(TEST_CARD_NUMBERS))
def test_card_number_that_is_published_for_tests_is_found(number: str) -> None:
    assert holds_card_number(number)
    assert holds_number_of_card(number, None)


@pytest.mark.parametrize(
    "text",
    [
        f"card {VISA} ok",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111  1111--1111- 1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111–1111–1111–1111",
        "４１１１ １１１１ １１１１ １１１１",
        "٤١١١١١١١١١١١١١١١",
        "3782 822463 10005",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        f"12 {VISA} 34",
        f"{VISA}@example.com",
        f"paid with:{VISA};thanks",
        f"{VISA} 12/29",
    ],
)
def test_card_number_is_found_however_it_is_written(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111111111111112",  # the check digit is wrong
        "0000000000000000",
        "9111111111111110",  # nobody issues it
        "order 1234567890123456789012345",
        f"1{VISA}1",  # within a longer row
        "4006381333931",  # EAN-13 that passes the Luhn check with one digit less
        "2026-11-21 10:15",
        "DE89 3704 0044 0532 0130 00",
        "+49 30 901820",
        "411111 111111",
    ],
)
def test_number_that_is_no_card_number_is_left_alone(text: str) -> None:
    assert not holds_card_number(text)


def test_valid_gtin_13_is_never_a_card_number() -> None:
    rng = random.Random(SEED)
    for _ in range(20_000):
        payload = f"{rng.choice(['4', '50', '57'])}{rng.randrange(10**12):012d}"[:12]
        assert not holds_card_number(f"{payload}{check_digit(payload)}")


@given(card_numbers(), st.data())
def test_card_number_of_every_scheme_is_found_in_any_grouping(number: str, data: st.DataObject) -> None:
    separators = st.sampled_from(["", "", "", " ", "-", "  ", "\u00a0"])
    text = "".join(digit + data.draw(separators) for digit in number[:-1]) + number[-1]
    words = st.text(string.ascii_letters + ".,:;#/", max_size=10)
    assert holds_card_number(data.draw(words) + text + data.draw(words))


@given(card_numbers(), st.integers(1, 9))
def test_card_number_with_one_wrong_digit_is_none(number: str, step: int) -> None:
    wrong = number[:-1] + str((int(number[-1]) + step) % 10)
    assert not holds_card_number(wrong)


@given(st.text(st.characters(exclude_categories=["N"]), max_size=50), st.text(string.digits + " -", max_size=12))
def test_text_with_fewer_digits_than_a_card_number_is_never_refused(words: str, digits: str) -> None:
    assert not holds_card_number(f"{words}{digits}{words}")


@given(card_numbers(), st.from_regex(r"[0-9]{4}", fullmatch=True))
def test_reference_is_refused_only_for_the_card_of_its_tender(number: str, last4: str) -> None:
    if number not in TEST_CARD_NUMBERS:
        assert holds_number_of_card(f"ref-{number}", last4) == (number[-4:] == last4)
        assert holds_number_of_card(f"ref-{number}", number[-4:])
        assert not holds_number_of_card(f"ref-{number}", None)


@pytest.mark.parametrize("digits", [13, 16, 19])
def test_free_text_is_refused_by_mistake_as_rarely_as_the_module_says(digits: int) -> None:
    rng = random.Random(SEED)
    wrong = sum(holds_card_number(f"{rng.randrange(10**digits):0{digits}d}") for _ in range(SAMPLE))
    assert card_data.__doc__ is not None
    doc = " ".join(card_data.__doc__.split())
    said = re.search(rf"{digits} (?:random )?digits:? ([0-9.]+) %", doc)
    assert said is not None
    assert 100 * wrong / SAMPLE == pytest.approx(float(said[1]), abs=0.2)


def test_reference_is_refused_by_mistake_as_rarely_as_the_module_says() -> None:
    """One reference in 10,000 ends as the card does: of those, so many look like a card number."""
    rng = random.Random(SEED)
    wrong = sum(holds_number_of_card(f"{rng.randrange(10**12):012d}1117", "1117") for _ in range(SAMPLE))
    assert card_data.__doc__ is not None
    said = re.search(r"last four digits of the card: ([0-9.]+) %", " ".join(card_data.__doc__.split()))
    assert said is not None
    assert 100 * wrong / SAMPLE / 10_000 == pytest.approx(float(said[1]), abs=0.0001)


def with_value(path: str, value: Any) -> dict[str, Any]:
    transaction = example()
    transaction["tenders"][0] |= {"method": "card", "card": {"scheme": "visa", "last4": "1111", "token": "tok-1"}}
    *parents, last = path.split(".")
    part: Any = transaction
    for name in parents:
        part = part[int(name)] if name.isdigit() else part[name]
    part[last] = value
    return transaction


FREE_TEXT = [
    "notes", "channel", "operator.name", "customer.name", "customer.type", "customer.email", "customer.loyalty_tier",
    "customer.phone", "lines.0.name", "lines.0.category", "lines.0.unit", "lines.0.discounts.0.reason",
    "tenders.0.card.scheme", "tenders.0.gateway_reference", "tenders.0.card.token",
]  # fmt: skip
CODES = {
    "transaction_id": VISA, "shift_id": VISA, "operator.id": VISA, "customer.id": VISA, "lines.0.sku": VISA,
    "customer.phone": "+49 30 1234567 893", "tenders.0.gateway_reference": "4000000000000002",
    "tenders.0.card.token": "6011000000000004",
}  # fmt: skip


@pytest.mark.parametrize("path", FREE_TEXT)
@pytest.mark.parametrize("text", [VISA, "4111 1111 1111 1111", f"Gift, {VISA}"])
def test_transaction_with_a_card_number_in_free_text_is_refused_without_repeating_it(path: str, text: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_transaction({"transaction": with_value(path, text)})
    message = str(refused.value)
    assert "card number" in message
    where = re.sub(r"\.([0-9]+)", r"[\1]", path)
    assert where.rpartition(".card")[0] in message if ".card." in path else where.rpartition(".")[2] in message
    assert not re.search("[0-9]{3}", message)


@pytest.mark.parametrize(("path", "value"), CODES.items())
def test_transaction_with_a_number_where_numbers_belong_is_taken(path: str, value: str) -> None:
    taken = {"transaction": with_value(path, value)}
    assert read_transaction(taken).model_dump(mode="json", exclude_unset=True) == taken["transaction"]


@settings(max_examples=200)
@given(card_numbers())
def test_sale_is_never_refused_for_a_reference_that_only_looks_like_a_card_number(number: str) -> None:
    assume(number[-4:] != "1111" and number not in TEST_CARD_NUMBERS)
    [tender, *_] = read_transaction({"transaction": with_value("tenders.0.gateway_reference", number)}).tenders
    assert tender.gateway_reference == number
    [tender, *_] = read_transaction({"transaction": with_value("tenders.0.card.token", number)}).tenders
    assert tender.card is not None
    assert tender.card.token == number


def test_reference_with_the_number_of_the_card_is_refused() -> None:
    number = next(
        candidate for prefix in range(1000) if (candidate := f"4012{prefix:08d}1111") and holds_card_number(candidate)
    )
    for path in ("tenders.0.gateway_reference", "tenders.0.card.token"):
        with pytest.raises(RequestError, match=r"tenders\[0\].*card number"):
            read_transaction({"transaction": with_value(path, f"ref {number}")})


@given(card_numbers())
def test_long_digits_are_masked(number: str) -> None:
    assert number not in mask_long_digits(f"is {number} a field")
