"""What customers buy and how they pay, from a seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from simulators.catalogue import SCANNED_ITEMS, WEIGHED_ITEMS, Item
from simulators.pos_basket import Basket, Discount, Line, Tender, money

LINES_MAX = 6
WEIGHT_G_MIN, WEIGHT_G_MAX, WEIGHT_STEP_G = 50, 5000, 5
"""What a 6 kg checkout scale with 5 g steps weighs comfortably."""
_WEIGHED_SHARE = 0.25
_DISCOUNT_SHARE = 0.15
_TWICE_SHARE = 0.15
_NOTES = (5, 10, 20, 50, 100)
_DISCOUNTS = (("promo", "Week's offer"), ("manual", "Damaged"), ("loyalty", "Gold"), ("volume", "2 for less"))
_TEST_CARD_LAST4 = "1111"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing a customer puts on the belt: pieces, or kilograms of loose goods."""

    item: Item
    quantity: Decimal


class Shopper:
    """A stream of customers. The same seed brings the same ones."""

    def __init__(self, random: Random, *, has_scale: bool = True) -> None:
        self._random = random
        self._has_scale = has_scale

    def shopping_list(self) -> list[Wanted]:
        """One to six things."""
        return [self._wanted() for _ in range(self._random.randint(1, LINES_MAX))]

    def plain_item(self) -> Wanted:
        """One piece of something that needs neither scale nor a second look."""
        return Wanted(self._random.choice(SCANNED_ITEMS), Decimal(1))

    def apply_discounts(self, basket: Basket) -> None:
        """On some lines something is off."""
        for line in basket.lines:
            if line.total >= 1 and self._random.random() < _DISCOUNT_SHARE:
                basket.discount(line, self._discount(line))

    def pay(self, gross: Decimal, reference: str) -> list[Tender]:
        """Cash (a note, change is given), card, or some by card and the rest in cash."""
        kind = self._random.choice(("cash", "card", "card", "split"))
        if kind == "cash":
            return [Tender("cash", self._notes(gross))]
        if kind == "card" or gross < 2:
            return [Tender("card", gross, reference, _TEST_CARD_LAST4)]
        by_card = money(gross / 2)
        return [Tender("card", by_card, reference, _TEST_CARD_LAST4), Tender("cash", self._notes(gross - by_card))]

    def _wanted(self) -> Wanted:
        if self._has_scale and self._random.random() < _WEIGHED_SHARE:
            grams = self._random.randrange(WEIGHT_G_MIN, WEIGHT_G_MAX, WEIGHT_STEP_G)
            return Wanted(self._random.choice(WEIGHED_ITEMS), Decimal(grams).scaleb(-3))
        quantity = Decimal(2) if self._random.random() < _TWICE_SHARE else Decimal(1)
        return Wanted(self._random.choice(SCANNED_ITEMS), quantity)

    def _discount(self, line: Line) -> Discount:
        kind, reason = self._random.choice(_DISCOUNTS)
        return Discount(kind, money(line.total * self._random.randint(5, 50) / 100), reason)

    def _notes(self, amount: Decimal) -> Decimal:
        note = self._random.choice(_NOTES)
        return money(Decimal(math.ceil(amount / note) * note))
