"""Packaged labels: what goes on a shelf and on a parcel. A site changes one by a template of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PACKAGED_TEMPLATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "shelf_label": {
        "width_mm": 60,
        "height_mm": 40,
        "elements": [
            {"type": "text", "x_mm": 2, "y_mm": 2, "width_mm": 56, "height_mm": 4, "lines": 2,
             "overflow": "shrink", "text": "{name}"},
            {"type": "text", "x_mm": 22, "y_mm": 13, "width_mm": 36, "height_mm": 10, "align": "right",
             "overflow": "shrink", "text": "{price}"},
            {"type": "text", "x_mm": 2, "y_mm": 19, "width_mm": 20, "height_mm": "2.5", "overflow": "shrink",
             "text": "{unit_price}"},
            {"type": "barcode", "x_mm": 2, "y_mm": 25, "symbology": "ean_13", "data": "{gtin}", "height_mm": 9},
            {"type": "text", "x_mm": 36, "y_mm": 26, "width_mm": 22, "height_mm": "2.5", "align": "right",
             "overflow": "shrink", "text": "{sku}"},
        ],
    },
    "shipping_label": {
        "width_mm": 100,
        "height_mm": 150,
        "is_numbered": True,
        "elements": [
            {"type": "text", "x_mm": 4, "y_mm": 4, "width_mm": 92, "height_mm": 3, "lines": 3, "overflow": "cut",
             "text": "{sender}"},
            {"type": "line", "x_mm": 0, "y_mm": 18, "length_mm": 100, "thickness_mm": "0.6"},
            {"type": "text", "x_mm": 4, "y_mm": 21, "width_mm": 92, "height_mm": 6, "lines": 5, "overflow": "shrink",
             "text": "{recipient}"},
            {"type": "line", "x_mm": 0, "y_mm": 62, "length_mm": 100, "thickness_mm": "0.6"},
            {"type": "text", "x_mm": 4, "y_mm": 65, "width_mm": 60, "height_mm": 4, "overflow": "shrink",
             "text": "{reference}"},
            {"type": "text", "x_mm": 66, "y_mm": 65, "width_mm": 30, "height_mm": 4, "align": "right",
             "text": "{copy} / {quantity}"},
            {"type": "barcode", "x_mm": 6, "y_mm": 80, "symbology": "gs1_128", "data": "(00){sscc}",
             "height_mm": 35, "module_mm": "0.4"},
        ],
    },
    "food_label": {
        "width_mm": 60,
        "height_mm": 60,
        "elements": [
            {"type": "text", "x_mm": 2, "y_mm": 2, "width_mm": 56, "height_mm": 5, "overflow": "shrink",
             "text": "{name}"},
            {"type": "text", "x_mm": 2, "y_mm": 9, "width_mm": 56, "height_mm": 2, "lines": 8, "overflow": "shrink",
             "text": "{ingredients}"},
            {"type": "text", "x_mm": 2, "y_mm": 32, "width_mm": 30, "height_mm": 3, "overflow": "shrink",
             "text": "{best_before}"},
            {"type": "text", "x_mm": 30, "y_mm": 32, "width_mm": 28, "height_mm": 5, "align": "right",
             "overflow": "shrink", "text": "{price}"},
            {"type": "barcode", "x_mm": 6, "y_mm": 42, "symbology": "ean_13", "data": "{gtin}", "height_mm": 12},
        ],
    },
}  # fmt: skip
"""By name, as ``label`` of ``print`` with ``{fields}``. An element whose field is empty is left out."""
