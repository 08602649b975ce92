"""What the simulated store sells. The GTINs carry prefix 952, which GS1 keeps for demonstrations and examples."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax rate and its code. Prices include it."""

    code: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Item:
    """One article. ``gtin`` is None where nothing is printed on it: it is weighed, and sold by the kilogram."""

    sku: str
    gtin: str | None
    name: str
    category: str
    unit: Literal["each", "kg"]
    unit_price: Decimal
    tax: Tax

    @property
    def is_weighed(self) -> bool:
        return self.unit == "kg"


DE_19 = Tax("DE-19", Decimal("0.19"))
DE_7 = Tax("DE-7", Decimal("0.07"))


def _item(
    sku: str, gtin: str | None, name: str, category: str, unit: Literal["each", "kg"], price: str, tax: Tax
) -> Item:
    return Item(sku, gtin, name, category, unit, Decimal(price), tax)


ITEMS: tuple[Item, ...] = (
    _item("12345", "9521234000013", "Highlighter yellow", "office", "each", "1.50", DE_19),
    _item("4701", "9521234000020", "Ballpoint pen blue", "office", "each", "0.99", DE_19),
    _item("4702", "9521234000037", "Notebook A5 ruled", "office", "each", "2.79", DE_19),
    _item("4703", "9521234000044", "Batteries AA, 4 pieces", "household", "each", "4.49", DE_19),
    _item("4704", "9521234000051", "Dish soap 500 ml", "household", "each", "1.29", DE_19),
    _item("4705", "9521234000068", "Toothpaste 75 ml", "care", "each", "1.95", DE_19),
    _item("4706", "9521234000075", "Shampoo 250 ml", "care", "each", "2.99", DE_19),
    _item("4707", "9521234000082", "Kitchen towels, 4 rolls", "household", "each", "3.49", DE_19),
    _item("4708", "9521234000099", "Light bulb E27 8 W", "household", "each", "5.95", DE_19),
    _item("4709", "9521234000105", "Sponges, 3 pieces", "household", "each", "0.89", DE_19),
    _item("4710", "9521234000112", "Mineral water 1 l", "drinks", "each", "0.79", DE_19),
    _item("4711", "9521234000129", "Cola 0.5 l", "drinks", "each", "1.19", DE_19),
    _item("4712", "9521234000136", "Apple juice 1 l", "drinks", "each", "1.69", DE_19),
    _item("4713", "9521234000143", "Coffee beans 1 kg", "coffee", "each", "12.99", DE_7),
    _item("4714", "9521234000150", "Sparkling wine 0.75 l", "drinks", "each", "6.99", DE_19),
    _item("4715", "9521234000167", "Wholemeal bread 750 g", "bakery", "each", "2.49", DE_7),
    _item("4716", "9521234000174", "Butter 250 g", "dairy", "each", "2.19", DE_7),
    _item("4717", "9521234000181", "Milk 3.5 % 1 l", "dairy", "each", "1.09", DE_7),
    _item("4718", "9521234000198", "Yoghurt plain 500 g", "dairy", "each", "0.95", DE_7),
    _item("4719", "9521234000204", "Eggs, 10 pieces", "dairy", "each", "3.29", DE_7),
    _item("4720", "9521234000211", "Spaghetti 500 g", "pantry", "each", "0.99", DE_7),
    _item("4721", "9521234000228", "Rice 1 kg", "pantry", "each", "2.29", DE_7),
    _item("4722", "9521234000235", "Chocolate 100 g", "sweets", "each", "1.19", DE_7),
    _item("4723", "9521234000242", "Honey 500 g", "pantry", "each", "5.49", DE_7),
    _item("4724", "9521234000259", "Muesli 750 g", "pantry", "each", "3.99", DE_7),
    _item("4725", None, "Apples", "fresh", "kg", "2.99", DE_7),
    _item("4726", None, "Bananas", "fresh", "kg", "1.79", DE_7),
    _item("4727", None, "Tomatoes", "fresh", "kg", "3.49", DE_7),
    _item("4728", None, "Potatoes", "fresh", "kg", "1.29", DE_7),
    _item("4729", None, "Gouda cheese", "fresh", "kg", "11.90", DE_7),
    _item("4730", None, "Mushrooms", "fresh", "kg", "6.99", DE_7),
)

SCANNED_ITEMS = tuple(item for item in ITEMS if not item.is_weighed)
WEIGHED_ITEMS = tuple(item for item in ITEMS if item.is_weighed)
_BY_GTIN = {item.gtin: item for item in ITEMS if item.gtin is not None}


def find_by_scan(text: str) -> Item | None:
    """The item of a scanned GTIN, in whatever length it was read (UPC-A, EAN-13, GTIN-14)."""
    return _BY_GTIN.get(text.lstrip("0").rjust(13, "0")) if text.isdigit() else None
