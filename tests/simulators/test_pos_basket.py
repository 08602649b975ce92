"""The till's arithmetic, checked with the gateway's own model of a transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.transaction import Transaction, read_transaction
from simulators.catalogue import DE_7, DE_19, ITEMS, Item
from simulators.pos_basket import Basket, Checkout, Discount, Tender, money, transaction
from simulators.pos_receipt import receipt_document
from simulators.pos_shopper import Shopper

STARTED = datetime(2026, 11, 21, 10, 15, 3, tzinfo=UTC)
CHECKOUT = Checkout(
    transaction_id="S001-T3-20261121-000123",
    store_id="S001",
    lane="lane-3",
    terminal_id="T3",
    shift_id="T3-2",
    operator_id="op-7",
    started_at=STARTED,
    completed_at=STARTED + timedelta(seconds=77),
    timezone="Europe/Berlin",
)
HIGHLIGHTER = Item("4711", "4006381333931", "Highlighter", "office", "each", Decimal("1.50"), DE_19)
APPLES = Item("0815", None, "Apples", "fresh", "kg", Decimal("2.99"), DE_7)

quantities = st.integers(1, 9).map(Decimal)
weights = st.integers(1, 15_000).map(lambda grams: Decimal(grams).scaleb(-3))
wanted = st.sampled_from(ITEMS).flatmap(
    lambda item: st.tuples(st.just(item), weights if item.is_weighed else quantities, st.integers(0, 100))
)


def _read(basket: Basket, tenders: list[Tender]) -> Transaction:
    """Raises RequestError, with every disagreement, if the gateway would refuse it."""
    return read_transaction({"transaction": transaction(basket, tenders, CHECKOUT)})


def test_sale_of_the_contract_adds_up_as_there() -> None:
    basket = Basket()
    line = basket.add(HIGHLIGHTER, Decimal(2))
    basket.discount(line, Discount("promo", Decimal("0.50"), "2 for 2.50"))
    basket.add(APPLES, Decimal("1.234"))
    sold = transaction(basket, [Tender("cash", Decimal("10.00"))], CHECKOUT)
    assert [line["total"] for line in sold["lines"]] == ["2.50", "3.69"]
    assert sold["taxes"] == [
        {"code": "DE-19", "rate": "0.19", "base": "2.10", "amount": "0.40"},
        {"code": "DE-7", "rate": "0.07", "base": "3.45", "amount": "0.24"},
    ]
    assert sold["totals"] == {
        "gross": "6.19",
        "net": "5.55",
        "tax": "0.64",
        "discount": "0.50",
        "tendered": "10.00",
        "change": "3.81",
    }


@given(st.lists(wanted, min_size=1, max_size=20))
def test_every_basket_is_a_transaction_that_the_gateway_takes(things: list[tuple[Item, Decimal, int]]) -> None:
    basket = Basket()
    for item, quantity, percent in things:
        line = basket.add(item, quantity)
        amount = money(line.total * percent / 100)
        if amount > 0:
            basket.discount(line, Discount("manual", amount, "Damaged"))
    read = _read(basket, [Tender("cash", basket.gross + 5)])
    assert read.totals.change == 5
    assert sum(tax.base + tax.amount for tax in read.taxes) == read.totals.gross


@pytest.mark.parametrize("seed", range(60))
def test_every_customer_brings_a_sale_that_the_gateway_takes_and_prints(seed: int) -> None:
    shopper = Shopper(Random(seed), has_scale=seed % 3 > 0)
    basket = Basket()
    for thing in shopper.shopping_list():
        assert seed % 3 > 0 or not thing.item.is_weighed
        basket.add(thing.item, thing.quantity)
    shopper.apply_discounts(basket)
    tenders = shopper.pay(basket.gross, "sim-0a1b2c3d")
    read = _read(basket, tenders)
    assert read.totals.tendered >= read.totals.gross
    document = receipt_document(transaction(basket, tenders, CHECKOUT))
    assert parse_document(document)
    has_cash = any(tender.method == "cash" for tender in tenders)
    assert ({"type": "drawer"} in document) == has_cash


def test_customers_are_the_same_from_the_same_seed_and_differ_otherwise() -> None:
    def first_lists(seed: int) -> list[object]:
        shopper = Shopper(Random(seed))
        return [shopper.shopping_list() for _ in range(5)]

    assert first_lists(1) == first_lists(1)
    assert first_lists(1) != first_lists(2)


def test_customers_need_everything_that_a_store_has() -> None:
    shopper, methods, has_discount, has_weighed = Shopper(Random(1)), set(), False, False
    for _ in range(300):
        basket = Basket()
        for thing in shopper.shopping_list():
            basket.add(thing.item, thing.quantity)
            has_weighed = has_weighed or thing.item.is_weighed
        shopper.apply_discounts(basket)
        has_discount = has_discount or basket.discount_total > 0
        methods.add(tuple(tender.method for tender in shopper.pay(basket.gross, "sim-0")))
    assert methods == {("cash",), ("card",), ("card", "cash")}
    assert has_discount
    assert has_weighed


@pytest.mark.parametrize(
    ("exact", "cents"), [("0.005", "0.01"), ("0.004", "0.00"), ("1.005", "1.01"), ("3.68966", "3.69"), ("2.5", "2.50")]
)
def test_money_is_rounded_half_up(exact: str, cents: str) -> None:
    assert str(money(Decimal(exact))) == cents


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5"])
def test_pieces_are_whole_and_positive(quantity: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        Basket().add(HIGHLIGHTER, Decimal(quantity))


@pytest.mark.parametrize("amount", ["0", "-0.50", "0.005", "1.51"])
def test_discount_is_in_cents_and_not_more_than_the_line(amount: str) -> None:
    basket = Basket()
    line = basket.add(HIGHLIGHTER, Decimal(1))
    with pytest.raises(ValueError, match="discount"):
        basket.discount(line, Discount("manual", Decimal(amount), "Damaged"))
    assert basket.gross == Decimal("1.50")
