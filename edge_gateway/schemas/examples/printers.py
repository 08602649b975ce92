"""What printers and kitchens take and answer; of print jobs: ``print_jobs``."""

from __future__ import annotations

from typing import Any, Final

from edge_gateway.schemas.examples.print_jobs import PRINT_RESULT

_PRINTER: Final = {
    "answering": True,
    "online": True,
    "cover_open": False,
    "paper": "ok",
    "drawer": "closed",
    "drawer_level": "high",
    "error_level": "none",
    "flags": [],
}

PARAMS: Final[dict[str, dict[str, Any]]] = {
    "pos.print_order": {
        "order": {
            "order_id": "S001-T3-20261121-0042",
            "number": "42",
            "placed_at": "2026-11-21T12:31:00Z",
            "table": "7",
            "items": [
                {"quantity": "2", "name": "Tomato soup", "category": "starters", "modifiers": ["no cream"]},
                {"quantity": "1", "name": "Mineral water", "category": "drinks"},
            ],
        }
    },
    "pos_printer.print": {
        "document": [
            {"type": "text", "text": "Example Store", "align": "center", "bold": True, "size": [2, 2]},
            {"type": "rule"},
            {"type": "columns", "left": "Highlighter", "right": "2.50"},
            {"type": "qr", "data": "S001-T3-20261121-000123"},
            {"type": "feed", "lines": 3},
            {"type": "cut"},
        ]
    },
    "pos_printer.open_drawer": {"reason": "no_sale", "operator": "op-7"},
    "pos_printer.clear_error": {"output": "keep"},
    "pos_printer.read_status": {},
    "label_printer.print": {
        "label": {
            "width_mm": 60,
            "height_mm": 40,
            "quantity": 2,
            "elements": [
                {"type": "text", "x_mm": 2, "y_mm": 2, "text": "Highlighter", "height_mm": 5},
                {
                    "type": "text",
                    "x_mm": 2,
                    "y_mm": 10,
                    "width_mm": 56,
                    "text": "1.50",
                    "height_mm": 10,
                    "align": "right",
                },
                {"type": "barcode", "x_mm": 5, "y_mm": 24, "symbology": "ean_13", "data": "9521234000013"},
            ],
        }
    },
    "label_printer.read_status": {},
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    "pos.print_order": {
        "tickets": [
            {
                "printer": "kitchen-1",
                "station": "Kitchen",
                "job_id": "order.S001-T3-20261121-0042.0.kitchen-1",
                "items": 1,
                "status": "accepted",
            },
            {
                "printer": "bar-1",
                "station": "Bar",
                "job_id": "order.S001-T3-20261121-0042.0.bar-1",
                "items": 1,
                "status": "accepted",
            },
        ]
    },
    "pos_printer.print": PRINT_RESULT,
    "pos_printer.open_drawer": {"drawer": "open", "confirmed_by": "gs_r"},
    "pos_printer.read_status": _PRINTER,
    "pos_printer.clear_error": _PRINTER,
    "label_printer.print": {
        "bytes": 301,
        "labels": 2,
        "pictured_texts": 0,
        "replaced_characters": 0,
        "confirmed_by": "printer",
        "job_id": "label-77",
        "printer": "stockroom-labels",
    },
    "label_printer.read_status": {
        "answering": True,
        "head_open": False,
        "media_out": True,
        "ribbon_out": False,
        "paused": False,
        "label_waiting": False,
        "outstanding": 1,
        "error": None,
        "flags": ["paper_empty"],
    },
}
