"""The receipt of the print benchmarks: forty lines, as a supermarket prints them."""

from __future__ import annotations

from typing import Any, Final

LINES: Final = 40
ITEMS: Final = 25
PROFILE: Final = "epson-tm-t20"


def receipt_document(number: int) -> list[dict[str, Any]]:
    """Receipt ``number``; all are as long."""
    head: list[dict[str, Any]] = [
        {"type": "text", "text": "CORNER SHOP", "align": "center", "bold": True, "size": [2, 2]},
        {"type": "text", "text": "12 Example Street, Sampletown", "align": "center"},
        {"type": "text", "text": "Mon-Sat 8-20   Tel. 555 0100", "align": "center"},
        {"type": "rule"},
    ]
    items = [
        _columns(f"Article {each:03d} of the range", f"{each}.{number % 100:02d} A") for each in range(1, ITEMS + 1)
    ]
    sums: list[dict[str, Any]] = [
        {"type": "rule"},
        {"type": "columns", "left": "TOTAL EUR", "right": f"325.{number % 100:02d}", "bold": True},
        _columns("VAT A 19 %", "51.89"),
        _columns("VAT B  7 %", "0.00"),
        _columns("CASH", "330.00"),
        _columns("Change", "5.00"),
        {"type": "rule"},
    ]
    foot: list[dict[str, Any]] = [
        {"type": "text", "text": f"Receipt {number:08d}  2026-11-21 10:16  T3"},
        {"type": "text", "text": "You were served by A. Example"},
        {"type": "text", "text": "Returns within 14 days with receipt", "align": "center"},
        {"type": "text", "text": "Thank you for your visit!", "align": "center", "underline": True},
        {"type": "cut"},
    ]
    return [*head, *items, *sums, *foot]


def receipt_text(number: int) -> list[str]:
    """The same as lines of text: what a program sends that knows of no style."""
    lines = []
    for element in receipt_document(number):
        match element:
            case {"type": "text", "text": text}:
                lines.append(text)
            case {"type": "columns", "left": left, "right": right}:
                lines.append(f"{left}{right:>{48 - len(left)}}")
            case {"type": "rule"}:
                lines.append("-" * 48)
    return lines


def _columns(left: str, right: str) -> dict[str, Any]:
    return {"type": "columns", "left": left, "right": right}
