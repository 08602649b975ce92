"""The page of print templates: its examples are printed, and what there is is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.print_data import DATA_MODELS
from edge_gateway.services.print_formats import filters, languages, locale_of
from edge_gateway.services.print_templates import expand
from tests.support import template_data_page
from tests.support.markdown import ROOT

PAGE = (ROOT / "docs" / "print-templates.md").read_text("utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
(OWN,) = re.findall(r"```jinja\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["template"]))
def test_example_is_a_document(example: dict[str, Any]) -> None:
    assert parse_document(expand(example["template"], example["data"]))


def test_template_of_the_page_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "bill.jinja").write_text(OWN, "utf-8")
    data = {
        "shop": {"name": "Shop"},
        "guest": "Alex",
        "items": [{"name": "Pen", "price": "1.5", "gtin": "4006381333931"}],
    }
    with pytest.raises(Exception, match="no attribute 'logo'"):
        expand("bill", data, tmp_path)
    data["shop"] = {"name": "Shop", "logo": None, "lines": [], "tax_id": None, "footer": []}
    assert len(parse_document(expand("bill", data, tmp_path))) == 6


@pytest.mark.parametrize("word", [*DATA_MODELS, *languages()])
def test_template_or_language_is_named(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_filters_of_the_page_make_what_it_says() -> None:
    made = filters(locale_of("de", {}), "EUR", "Europe/Berlin")
    instant = "2026-11-21T10:15:03Z"
    assert made["money"]("1234.5") == "1.234,50 €"
    assert made["amount"]("1234.5") == "1.234,50"
    assert [made["number"]("1234.5"), made["number"]("1234.5", 0)] == ["1.234,5", "1.235"]
    assert made["percent"]("0.19") == "19 %"
    assert [made["date"](instant), made["time"](instant), made["word"]("total")] == ["21.11.2026", "11:15", "SUMME"]
    for name in made:
        assert f"`{name}" in PAGE


def test_page_tells_what_each_template_takes() -> None:
    assert template_data_page.rendered(PAGE) == PAGE, "run ./dev docs"
    assert template_data_page.shown(PAGE) == DATA_MODELS.keys()
    assert "| `report.tenders[].method` | required, text |" in PAGE
