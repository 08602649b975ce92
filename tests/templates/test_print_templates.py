"""Templates of what stores print: in every language, with a site's own, and with whatever is wrong in them."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.print_data import DATA_MODELS
from edge_gateway.services.print_formats import languages
from edge_gateway.services.print_templates import expand, template_names
from edge_gateway.services.template_sandbox import TIME_MAX_S
from tests.support.print_examples import LANGUAGES, data_for


def texts_of(document: list[dict[str, Any]]) -> str:
    return json.dumps(document, ensure_ascii=False)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", DATA_MODELS)
def test_packaged_template_gives_a_document_in_every_language(template: str, language: str) -> None:
    document = expand(template, data_for(template, language))
    assert document[-1] == {"type": "cut"}
    assert all(isinstance(element.get("type"), str) for element in document)


def test_every_packaged_template_has_its_model() -> None:
    assert template_names() == sorted(DATA_MODELS)


def test_receipt_has_what_a_receipt_needs() -> None:
    document = expand("receipt", data_for("receipt", "de"))
    texts = texts_of(document)
    for wanted in ("KAUFHAUS MÜLLER", "21.11.2026 11:16", "2 x 1,50", "-0,50", "6,20 €", "Rückgeld", "19 %", "SUMME"):
        assert wanted in texts
    assert {"type": "barcode", "symbology": "code_128", "data": "S001-T3-20261121-000123"} in document


@pytest.mark.parametrize(
    ("language", "total", "date"),
    [
        ("en", "£6.20", "21/11/2026"),
        ("fr", "6,20 €", "21/11/2026"),
        ("pl", "6,20 zł", "21.11.2026"),
        ("tr", "6,20 TL", "21.11.2026"),
        ("ja", "¥620", "2026年11月21日"),
        ("ar", "6.20 SAR", "2026/11/21"),
    ],
)
def test_money_and_dates_are_as_the_language_writes_them(language: str, total: str, date: str) -> None:
    texts = texts_of(expand("receipt", data_for("receipt", language)))
    assert total in texts
    assert date in texts


def test_request_changes_formats_and_words() -> None:
    locale = {"date": "yyyy-MM-dd", "words": {"total": "TO PAY"}, "signs": {"GBP": "GBP "}}
    texts = texts_of(expand("receipt", {**data_for("receipt"), "locale": locale}))
    assert "2026-11-21" in texts
    assert "TO PAY" in texts
    assert "GBP 6.20" in texts


def test_words_of_arabic_stand_at_the_right_edge() -> None:
    document = expand("receipt", data_for("receipt", "ar"))
    (total,) = [each for each in document if each.get("right") == "المجموع"]
    assert total["left"] == "6.20 SAR"


def test_every_language_has_the_words_of_a_receipt() -> None:
    for language in LANGUAGES:
        assert {"total", "cash", "change", "thanks", "tax"} <= set(languages()[language]["words"])


def test_text_of_a_till_never_becomes_an_element(tmp_path: Path) -> None:
    (tmp_path / "note.jinja").write_text('{"type": "text", "text": {{ text }}}\n')
    wicked = 'x"}, {"type": "drawer"} {% raw %} {{ 1 }} \\ \u2028'
    assert expand("note", {"text": wicked}, tmp_path) == [{"type": "text", "text": wicked}]


@given(text=st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    data = data_for("kitchen_ticket")
    data["order"]["note"] = text
    document = expand("kitchen_ticket", data)
    shown = [element["text"] for element in document if element["type"] == "text"]
    assert (f"Note: {text}" in shown) is bool(text)


def test_site_has_its_own_template_in_place_of_a_packaged_one(tmp_path: Path) -> None:
    own = '{% include "_sale.jinja" %}\n{"type": "text", "text": {{ greeting }}}\n'
    (tmp_path / "receipt.jinja").write_text(own)
    document = expand("receipt", {**data_for("receipt"), "greeting": "Bye"}, tmp_path)
    assert document[-1] == {"type": "text", "text": "Bye"}
    (tmp_path / "receipt.jinja").write_text('{"type": "cut"}')
    assert expand("receipt", data_for("receipt"), tmp_path) == [{"type": "cut"}], "a changed file holds at once"
    assert expand("receipt", data_for("receipt"))[0] != {"type": "cut"}


@pytest.mark.parametrize("name", ["nothing", "../receipt", "_sale", "", "/etc/passwd", "receipt.jinja"])
def test_template_that_is_not_there_is_told_with_those_that_are(name: str) -> None:
    with pytest.raises(RequestError, match=r"expected one of .*receipt") as refused:
        expand(name, {})
    assert refused.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{"type": "rule"}\n{{ order.table }}', "template site, line 2: 'order' is undefined"),
        ("\n{{ shop.colour }}", "template site, line 2: 'dict object' has no attribute 'colour'"),
        ("{% for x in shop %}", "template site, line 1: Unexpected end of template"),
        ('{"type": "text", "text": Hello}', "template site: element 0 is no JSON .*Hello"),
        ('{"type": "rule"} [1]', "template site: element 1 is no JSON object"),
        ("\n\n{{ 'much' | money('EUR') }}", "template site, line 3: 'much' is no number"),
        ("{{ 1 | money }}", "no currency in the data"),
        ("{{ 'today' | date }}", "'today' is no date"),
        ("{{ 'totl' | word }}", "word 'totl': expected one of .*total"),
        ("{{ 10 ** 9 }}", r"\*\* is not allowed here: multiply"),
        ("{{ 1 | nonsense }}", "No filter named 'nonsense'"),
        ("{% include 'missing.jinja' %}", "missing.jinja"),
    ],
)
def test_what_is_wrong_in_a_template_is_told_with_its_line(tmp_path: Path, source: str, expected: str) -> None:
    (tmp_path / "site.jinja").write_text(source)
    with pytest.raises(RequestError, match=expected) as refused:
        expand("site", {"shop": {}}, tmp_path)
    assert refused.value.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"fields": {}, "shop": None}, r'data\.fields: data holds the fields themselves: leave "fields" out'),
        ({"shop": {}}, r"template receipt: data\.shop\.name: Field required"),
        ({"transaction": {"lines": []}}, r"data\.transaction\.transaction_id: Field required"),
        ({"language": "tlh"}, "language 'tlh': expected one of ar, de, el"),
        ({"code": "stamp"}, r"data\.code: Input should be 'barcode', 'qr' or 'none'"),
        ({"locale": 3}, r"data\.locale"),
    ],
)
def test_what_is_missing_in_the_data_is_told(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(RequestError, match=expected) as refused:
        expand("receipt", {**data_for("receipt"), **change})
    assert refused.value.code is ErrorCode.INVALID_REQUEST


BOMBS = {
    "loop": "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "range": "{% for i in range(10000000) %}{% endfor %}",
    "output": "{% for i in range(1000) %}{{ big }}{% endfor %}",
    "times": "{{ 'x' * 1000000000 }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "product": "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "join": "{% set n = namespace(x=big) %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "add": "{% set n = namespace(x=big) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "list": "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "nested": "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "width": "{{ '%1000000000d' % 1 }}",
    "format": "{{ '{:1000000000}'.format(1) }}",
    "pad": "{{ 'x'.ljust(1000000000) }}",
    "replace": "{{ big | replace('x', big) }}",
    "macro": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(50) }}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "slow": "{% for i in range(1000) %}{% for j in range(18) %}{% set x = many | sort %}{% endfor %}{% endfor %}",
    "include": "{% include 'site.jinja' %}{% include 'site.jinja' %}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_template_that_would_not_end_is_ended(tmp_path: Path, bomb: str) -> None:
    (tmp_path / "site.jinja").write_text(BOMBS[bomb])
    with pytest.raises(RequestError) as refused:
        expand("site", {"big": "x" * 10_000, "many": [str(i) for i in range(10_000)]}, tmp_path)
    assert refused.value.code is ErrorCode.INVALID_REQUEST
    assert (f"more than {TIME_MAX_S} s of computing" in str(refused.value)) is (bomb == "slow")


def test_template_is_not_ended_because_the_box_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = itertools.count(step=3600.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(hours))
    assert "KAUFHAUS MÜLLER" in texts_of(expand("receipt", data_for("receipt", "de")))


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ data.__init__.__globals__ }}",
        "{{ range.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum() }}",
        "{{ self.__init__ }}",
        "{{ locale.update({'x': 1}) }}",
        "{{ [].append(1) }}",
    ],
)
def test_template_reaches_nothing_of_the_gateway(tmp_path: Path, source: str) -> None:
    (tmp_path / "site.jinja").write_text(source)
    with pytest.raises(RequestError):
        expand("site", {"data": {}}, tmp_path)


@pytest.mark.parametrize(("template", "kind"), [("refund", "sale"), ("receipt", "refund")])
def test_a_sale_is_no_refund_and_a_refund_no_receipt(template: str, kind: str, tmp_path: Path) -> None:
    data = data_for("receipt" if kind == "sale" else "refund")
    with pytest.raises(RequestError, match=f"template {template}: data.transaction.type: {kind}; this template prints"):
        expand(template, data)
    (tmp_path / f"{template}.jinja").write_text('{"type": "cut"}')
    assert expand(template, data, tmp_path) == [{"type": "cut"}]
