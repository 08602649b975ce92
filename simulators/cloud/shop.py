"""The cloud's catalogue: items with their price and stock, and the changes since a token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

from simulators.catalogue import CURRENCY, ITEMS, Item
from simulators.cloud.models import CatalogueChanges, CatalogueItem

CHANGES_MAX = 100
"""Items in one answer; a client asks again while ``has_more``."""
STOCK_AT_START = 50


class UnknownTokenError(Exception):
    """The token was never given by this catalogue: the client starts again without one."""


class Shop:
    """Every change gets the next number; the token is the number up to which a client knows everything."""

    def __init__(self, sold: Mapping[str, Decimal]) -> None:
        self._sold = sold
        self._items = {item.sku: item for item in ITEMS}
        self._prices = {item.sku: item.unit_price for item in ITEMS}
        self._changed_at = {item.sku: number for number, item in enumerate(ITEMS, start=1)}
        self._last_change = len(ITEMS)

    def changes(self, after: str | None, limit: int = CHANGES_MAX) -> CatalogueChanges:
        """Items that changed after the token, the earliest change first. Raises UnknownTokenError."""
        known = self._number(after)
        newer = sorted((number, sku) for sku, number in self._changed_at.items() if number > known)
        page = newer[:limit]
        last = page[-1][0] if page else known
        items = [self._catalogue_item(self._items[sku]) for _, sku in page]
        return CatalogueChanges(items=items, next=f"c{last}", has_more=len(newer) > len(page))

    def stock_level(self, sku: str) -> int | None:
        """Whole units left, rounded down; None for an unknown product. May be negative: stores oversell."""
        if sku not in self._items:
            return None
        return math.floor(STOCK_AT_START - self._sold.get(sku, Decimal(0)))

    def set_price(self, sku: str, unit_price: Decimal) -> bool:
        """Change a price; False for an unknown product."""
        if sku not in self._items:
            return False
        self._prices[sku] = unit_price
        self._last_change += 1
        self._changed_at[sku] = self._last_change
        return True

    def _number(self, token: str | None) -> int:
        if token is None or token == "":
            return 0
        number = token.removeprefix("c")
        if not (number.isascii() and number.isdigit()) or len(number) > 12 or int(number) > self._last_change:
            raise UnknownTokenError(token)
        return int(number)

    def _catalogue_item(self, item: Item) -> CatalogueItem:
        return CatalogueItem(
            sku=item.sku,
            gtin=item.gtin,
            name=item.name,
            category=item.category,
            unit=item.unit,
            unit_price=str(self._prices[item.sku]),
            currency=CURRENCY,
            tax_code=item.tax.code,
            tax_rate=str(item.tax.rate),
            stock_level=self.stock_level(item.sku) or 0,
        )
