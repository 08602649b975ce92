"""The simulated store's items."""

from __future__ import annotations

import pytest

from simulators.catalogue import ITEMS, SCANNED_ITEMS, WEIGHED_ITEMS, find_by_scan


def test_items_are_unique_and_carry_valid_test_gtins() -> None:
    assert len(ITEMS) >= 30
    assert len({item.sku for item in ITEMS}) == len(ITEMS)
    assert len({item.gtin for item in SCANNED_ITEMS}) == len(SCANNED_ITEMS)
    assert len({item.tax for item in ITEMS}) == 2
    for item in SCANNED_ITEMS:
        assert item.gtin is not None
        assert item.gtin.startswith("952")
        weights = [1, 3] * 6 + [1]
        assert sum(int(digit) * weight for digit, weight in zip(item.gtin, weights, strict=True)) % 10 == 0
    assert all(item.gtin is None and item.unit == "kg" for item in WEIGHED_ITEMS)


def test_item_is_found_by_its_scan_in_any_length() -> None:
    item = SCANNED_ITEMS[0]
    assert item.gtin is not None
    assert find_by_scan(item.gtin) is item
    assert find_by_scan("0" + item.gtin) is item


@pytest.mark.parametrize("text", ["", "0", "4006381333931", "abc", "]E09521234000012", "٣"])
def test_unknown_scan_finds_nothing(text: str) -> None:
    assert find_by_scan(text) is None
