"""The transaction model: what is accepted, and that everything that disagrees is refused and named."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.transaction import Transaction, read_transaction
from tests.support.transactions import example, valid_transaction

TEST_PAN = "4111111111111111"


def refusal(transaction: Any) -> str:
    with pytest.raises(RequestError) as caught:
        read_transaction({"transaction": transaction})
    assert caught.value.code is ErrorCode.INVALID_REQUEST
    return str(caught.value)


def change(transaction: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(transaction)
    *parents, last = path.split(".")
    part: Any = changed
    for name in parents:
        part = part[int(name)] if name.isdigit() else part[name]
    part[int(last) if last.isdigit() else last] = value
    return changed


def amount_paths(value: Any, path: str = "") -> Iterator[str]:
    """Every amount that a transaction states."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from amount_paths(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from amount_paths(part, f"{path}.{index}")
    elif path.rpartition(".")[2] in {
        "amount",
        "total",
        "base",
        "gross",
        "net",
        "tax",
        "discount",
        "tendered",
        "change",
        "unit_price",
    }:
        yield path


def test_transaction_of_the_contract_is_accepted_as_it_stands() -> None:
    assert read_transaction({"transaction": example()}).transaction_id == "S001-T3-20261121-000123"


def test_transaction_keeps_the_text_of_amounts() -> None:
    dumped = read_transaction({"transaction": example()}).model_dump(mode="json", exclude_unset=True)
    assert dumped == example()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_transaction_that_adds_up_is_accepted(seed: int) -> None:
    transaction = valid_transaction(seed)
    taken = read_transaction({"transaction": transaction})
    assert taken.model_dump(mode="json", exclude_unset=True) == transaction


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 1000))
def test_transaction_with_one_amount_changed_is_refused(seed: int, step: int) -> None:
    transaction = valid_transaction(seed)
    paths = [path for path in amount_paths(transaction) if not path.startswith("tenders.1")]
    path = random.Random(seed).choice(paths)
    part: Any = transaction
    for name in path.split("."):
        part = part[int(name)] if name.isdigit() else part[name]
    digits = max(0, -int(Decimal(part).as_tuple().exponent))
    changed = Decimal(part) + Decimal(step).scaleb(-digits)
    if path.endswith("unit_price"):
        # A line of 0.001 kg may round to the same total at another price: change it by a whole lot.
        changed = Decimal(part) + 1000000
    refusal(change(transaction, path, f"{changed:f}"))


def test_transaction_lists_every_disagreement() -> None:
    broken = change(change(change(example(), "lines.0.total", "2.49"), "totals.change", "3.80"), "taxes.1.base", "3.40")
    message = refusal(broken)
    for where in ("lines[0].total", "taxes[0].base", "taxes[1].base", "totals.gross", "totals.net", "totals.change"):
        assert where in message, where
    assert "2 x 1.50 - 0.50 is 2.50, not 2.49" in message


def test_transaction_lists_every_malformed_field() -> None:
    broken = change(change(change(example(), "currency", "EUX"), "lines.0.quantity", 2), "started_at", "yesterday")
    del broken["business_day"]
    broken["surprise"] = 1
    message = refusal(broken)
    for where in (
        "currency",
        "lines[0].quantity",
        "started_at",
        "business_day: is missing",
        "surprise: is not a field",
    ):
        assert where in message, where
    assert message.startswith("5 problems: ")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("totals.gross", 6.19, "must be decimal text"),
        ("totals.gross", "6.190", "EUR has 2 digits"),
        ("totals.gross", "6,19", "must be decimal text"),
        ("totals.gross", "6.19e0", "must be decimal text"),
        ("totals.gross", "NaN", "must be decimal text"),
        ("totals.gross", "6.19\n", "must be decimal text"),
        ("totals.gross", "٦.19", "must be decimal text"),
        ("totals.gross", "9" * 5000, "must be decimal text"),
        ("totals.gross", None, "must be decimal text"),
        ("lines.0.unit_price", "-1.50", "must be decimal text"),
        ("lines.0.tax.rate", "19", "at most 1"),
        ("lines.0.line_number", "1", "lines[0].line_number"),
        ("lines.0.line_number", True, "lines[0].line_number"),
        ("lines.1.line_number", 1, "a line_number stands twice"),
        ("lines.0.gtin", "04006381333932", "check digit"),
        ("lines.0.discounts.0.kind", "gift", "lines[0].discounts[0].kind"),
        ("lines.0.discounts.0.amount", "-0.50", "lines[0].discounts"),
        ("type", "gift", "type"),
        ("type", "refund", "original_transaction_id: a refund names its original"),
        ("type", "return", "original_transaction_id: a return names its original"),
        ("type", "void", "original_transaction_id: a void names its original"),
        ("original_transaction_id", "S001-T3-20261121-000123", "is the transaction itself"),
        ("completed_at", "2026-11-21T10:15:02Z", "is before started_at"),
        ("completed_at", "2026-11-21T10:16:20+00:00", "completed_at: expected an instant in UTC with Z at its end"),
        ("completed_at", "2026-13-21T10:16:20Z", "completed_at"),
        ("business_day", "2026-02-30", "business_day"),
        ("timezone", "Europe/Atlantis", "timezone"),
        ("prices_include_tax", "yes", "prices_include_tax"),
        ("prices_include_tax", False, "totals.gross"),
        ("payment_status", "paid", "payment_status"),
        ("tenders.0.method", "shells", "tenders[0].method"),
        ("tenders.0.status", "failed", "totals.tendered"),
        ("tenders.0.card", {"scheme": "visa", "last4": "1111", "expiry": "12/29"}, "card.expiry: is not a field here"),
        ("tenders.0.card", {"scheme": "visa", "last4": "41111"}, "last4: expected four digits"),
        ("lines", [], "lines: a sale has at least one"),
        ("lane", "lane/3", "lane: expected 1 to 64 letters"),
        ("transaction_id", " x", "transaction_id: expected 1 to 128 printable ASCII characters"),
        ("taxes.1.code", "DE-19", "a code stands twice"),
        ("taxes.1.rate", "0.08", "lines[1].tax.rate"),
    ],
)
def test_transaction_names_what_is_wrong(path: str, value: Any, expected: str) -> None:
    assert expected in refusal(change(example(), path, value))


@pytest.mark.parametrize("where", ["notes", "tenders.0.gateway_reference", "tenders.0.card"])
@pytest.mark.parametrize(
    "text", [TEST_PAN, f"card {TEST_PAN} ok", "4111 1111 1111 1111", "4111-1111-1111-1111", f"12 {TEST_PAN} 34"]
)
def test_transaction_with_a_card_number_is_refused_and_not_repeated(where: str, text: str) -> None:
    value: Any = {"scheme": "visa", "last4": "1111", "token": text} if where.endswith("card") else text
    message = refusal(change(example(), where, value))
    assert "card number" in message
    assert "1111" not in message


def test_transaction_never_repeats_digits_of_a_field_that_it_does_not_know() -> None:
    assert TEST_PAN not in refusal({**example(), TEST_PAN: 1})


@pytest.mark.parametrize(
    "text", ["order 1234567890123456789012345", "4111111111111112", "0000000000000000", "2026-11-21"]
)
def test_transaction_takes_numbers_that_are_no_card_numbers(text: str) -> None:
    assert read_transaction({"transaction": example(notes=text)}).notes == text


def test_transaction_rounds_half_up() -> None:
    line = {**example()["lines"][1], "quantity": "0.5", "unit_price": "0.01", "total": "0.01", "tax": None}
    zero = {"net": "0.01", "tax": "0.00", "discount": "0.00", "tendered": "0.01", "change": "0.00", "gross": "0.01"}
    tenders = [{"method": "cash", "status": "completed", "amount": "0.01"}]
    half_up = example(lines=[line], taxes=[], totals=zero, tenders=tenders)
    assert read_transaction({"transaction": half_up}).lines[0].total == Decimal("0.01")
    assert "total" in refusal(change(half_up, "lines.0.total", "0.00")), "half to even would have it so"


NOTHING = {"gross": "0", "net": "0", "tax": "0", "discount": "0", "tendered": "0", "change": "0"}
CASH_50 = [{"method": "cash", "status": "completed", "amount": "50.00"}]


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "no_sale", "lines": [], "taxes": [], "tenders": [], "totals": NOTHING},
        {
            "type": "paid_in", "lines": [], "taxes": [], "tenders": CASH_50,
            "totals": {**NOTHING, "gross": "50.00", "net": "50.00", "tendered": "50.00"},
        },
        {"type": "void", "original_transaction_id": "S001-T3-1"},
        {
            "tenders": [{"method": "bank_transfer", "status": "pending", "amount": "0.00"}],
            "payment_status": "pending", "totals": {**example()["totals"], "tendered": "0.00", "change": "0.00"},
        },
        {"customer": None, "operator": None, "loyalty": None, "shift_id": None},
    ],
)  # fmt: skip
def test_transaction_of_every_kind_is_accepted(changes: dict[str, Any]) -> None:
    taken = read_transaction({"transaction": example(**changes)}).model_dump(mode="json", exclude_unset=True)
    assert taken == example(**changes)


def test_transaction_digest_sees_content_not_form() -> None:
    first = Transaction.model_validate(example())
    reordered = Transaction.model_validate(dict(reversed(example().items())))
    without_nulls = example()
    del without_nulls["notes"]
    assert first.digest() == reordered.digest() == Transaction.model_validate(without_nulls).digest()
    assert first.digest() != Transaction.model_validate(example(notes="gift")).digest()


@pytest.mark.parametrize("params", [{}, {"transaction": None}, {"transaction": []}, {"transaction": example(), "x": 1}])
def test_transaction_params_hold_one_transaction(params: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        read_transaction(params)
