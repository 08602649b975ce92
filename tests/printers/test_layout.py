"""The layout: nothing is lost, nothing is wider than the paper, whatever is printed on whatever paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.contracts.document import parse_document
from edge_gateway.contracts.errors import RequestError
from protocols.printers.layout import Item, lay_out
from protocols.printers.layout_lines import Line, Metrics
from protocols.printers.layout_width import KEPT_FORMAT_CHARACTERS, cells, cleaned

COLUMNS = 20
PAPER = Metrics(paper_dots=COLUMNS * 12)

any_text = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=120)
scripts = st.text("abc de,.漢字テスト、。（）ก่ีשלום عربي e\u0301 -", max_size=120)
texts = st.one_of(any_text, scripts)
inline = st.one_of(
    texts,
    st.lists(
        st.fixed_dictionaries(
            {"text": texts},
            optional={"bold": st.booleans(), "font": st.sampled_from("ab"), "size": st.sampled_from([[1, 1], [2, 1]])},
        ),
        max_size=4,
    ),
)
tables = st.integers(1, 4).flatmap(
    lambda count: st.fixed_dictionaries(
        {
            "type": st.just("table"),
            "columns": st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "width": st.integers(1, 6),
                        "align": st.sampled_from(["left", "center", "right"]),
                        "stands": st.sampled_from(["top", "bottom"]),
                    },
                ),
                min_size=count,
                max_size=count,
            ),
            "rows": st.lists(st.lists(inline, max_size=count), max_size=4),
            "gap": st.integers(0, 2),
            "direction": st.sampled_from(["left_to_right", "right_to_left"]),
        },
        optional={"header": st.lists(texts, max_size=count)},
    )
)
elements = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": inline},
        optional={
            "size": st.tuples(st.integers(1, 8), st.integers(1, 8)).map(list),
            "font": st.sampled_from("ab"),
            "align": st.sampled_from(["left", "center", "right"]),
            "upside_down": st.booleans(),
        },
    ),
    st.fixed_dictionaries({"type": st.just("columns"), "left": inline, "right": inline}),
    tables,
)


def laid_out(document: Sequence[dict[str, Any]], metrics: Metrics = PAPER) -> list[Item]:
    return list(lay_out(parse_document(list(document)), metrics))


def shown(line: Item) -> str:
    """As it looks on paper of fixed width, without bidirectional order."""
    assert isinstance(line, Line)
    row, at = "", 0
    for segment in line.segments:
        left = segment.left_dots if segment.left_dots is not None else at
        row += " " * ((left - at) // 12) + "".join(run.text for run in segment.runs)
        at = left + segment.dots
    return row


def letters(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFD", cleaned(text))  # a mark may begin a run
    return sorted(character for character in decomposed if not character.isspace())


def all_text(value: Any) -> str:
    """Of an element's JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(all_text(item) for name, item in value.items() if name in ("text", "left", "right"))
    return "".join(map(all_text, value))


def text_of(element: dict[str, Any]) -> str:
    if element["type"] == "table":
        return all_text([element.get("header", []), element["rows"]])
    return all_text({name: element[name] for name in ("text", "left", "right") if name in element})


@settings(max_examples=300, deadline=None)
@given(element=elements, columns=st.sampled_from([16, 20, 32, 42, 48]))
def test_layout_loses_nothing_and_is_never_wider_than_the_paper(element: dict[str, Any], columns: int) -> None:
    metrics = Metrics(paper_dots=columns * 12)
    if element["type"] == "table":
        try:
            lines = laid_out([element], metrics)
        except RequestError:
            return  # its columns do not fit
    else:
        lines = laid_out([element], metrics)
    assert letters("".join(line.text for line in lines if isinstance(line, Line))) == letters(text_of(element))
    for line in lines:
        assert isinstance(line, Line)
        at = 0
        for segment in line.segments:
            assert segment.dots == sum(metrics.dots(run.text, run.style) for run in segment.runs)
            assert segment.left_dots is None or segment.left_dots >= at, "segments stand side by side"
            at = (segment.left_dots or 0) + segment.dots
        # A single wide character in large print is wider than narrow paper: it gets a line of its own.
        is_one_character = sum(cells(character) > 0 for character in line.text) <= 1
        assert at <= metrics.paper_dots or is_one_character


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("exactly te", 10, ["exactly te"]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("onetwothree four", 6, ["onetwo", "three", "four"]),
        ("  indented text", 10, ["  indented", "text"]),
        ("a\n\nb", 5, ["a", "", "b"]),
        ("keeps  two   spaces", 30, ["keeps  two   spaces"]),
        ("       long", 5, ["", "long"]),
        ("漢字漢字漢字", 8, ["漢字漢字", "漢字"]),
        ("漢字漢字、漢字", 8, ["漢字漢", "字、漢字"]),
        ("abc漢字", 4, ["abc", "漢字"]),
        ("e\u0301e\u0301e\u0301x", 2, ["éé", "éx"]),
        ("กี่กี่กี่", 2, ["กี่กี่", "กี่"]),
    ],
)
def test_wrap_breaks_where_a_reader_expects_it(text: str, width: int, lines: list[str]) -> None:
    found = laid_out([{"type": "text", "text": text}], Metrics(paper_dots=width * 12))
    assert [shown(line).rstrip() for line in found] == [unicodedata.normalize("NFC", line) for line in lines]


@pytest.mark.parametrize(
    ("left", "right", "lines"),
    [
        ("Apples", "3,69", ["Apples          3,69"]),
        ("A very long article name", "3,69", ["A very long", "article name    3,69"]),
        ("Total", "", ["Total"]),
        ("", "3,69", ["                3,69"]),
        ("Note", "a right text too long here", ["Note", "    a right text too", "           long here"]),
        ("Note", "right and right", ["Note right and right"]),
        ("Notes", "right and right", ["Notes", "     right and right"]),
        ("漢字", "9", ["漢字               9"]),
    ],
)
def test_columns_share_a_line(left: str, right: str, lines: list[str]) -> None:
    assert [shown(line) for line in laid_out([{"type": "columns", "left": left, "right": right}])] == lines


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (
            {"columns": [{}, {"align": "right"}], "rows": [["Tea", "1,00"], ["Coffee", "12,50"]]},
            ["Tea             1,00", "Coffee         12,50"],
        ),
        (
            {"columns": [{}, {"align": "right", "stands": "bottom"}], "rows": [["Tea from the mountains", "1,00"]]},
            ["Tea from the", "mountains       1,00"],
        ),
        (
            {"columns": [{"width": 4}, {"width": 4, "align": "center"}], "gap": 2, "rows": [["ab cde", "x"], ["y"]]},
            ["ab     x", "cde", "y"],
        ),
        (
            {"columns": [{}, {}], "direction": "right_to_left", "rows": [["right", "left"]]},
            ["left right"],
        ),
        ({"columns": [{}], "header": ["Name"], "rows": [["a\nb"], [""]]}, ["Name", "a", "b", ""]),
        (
            {"columns": [{}, {}], "rows": [["漢字漢字漢字漢字", "two words of text"]]},
            ["漢字漢字  two words", "漢字漢字  of text"],
        ),
    ],
)
def test_table_wraps_its_cells_beside_one_another(table: dict[str, Any], lines: list[str]) -> None:
    assert [shown(line) for line in laid_out([{"type": "table", **table}])] == lines


def test_table_that_does_not_fit_is_refused() -> None:
    with pytest.raises(RequestError, match="table: 3 columns do not fit 20 characters of paper"):
        laid_out([{"type": "table", "columns": [{"width": 18}, {}, {}], "rows": []}])


def test_text_that_is_read_from_the_right_stands_at_the_right_unless_it_is_told_otherwise() -> None:
    document: list[dict[str, Any]] = [
        {"type": "text", "text": "שלום abc"},
        {"type": "text", "text": "abc שלום"},
        {"type": "text", "text": "שלום", "align": "left"},
        {"type": "text", "text": "12,50", "direction": "right_to_left"},
    ]
    aligns = [line.align for line in laid_out(document) if isinstance(line, Line)]
    assert aligns == ["right", "left", "left", "right"]


def test_upside_down_text_begins_with_its_last_line() -> None:
    document = [{"type": "text", "text": "first\nsecond", "upside_down": True}]
    assert [shown(line) for line in laid_out(document)] == ["second", "first"]


def test_rule_is_as_wide_as_the_paper() -> None:
    assert [shown(line) for line in laid_out([{"type": "rule"}, {"type": "rule", "character": "="}])] == [
        "-" * COLUMNS,
        "=" * COLUMNS,
    ]


@given(any_text)
def test_cleaned_text_has_nothing_that_nobody_sees(text: str) -> None:
    assert not [
        character
        for character in cleaned(text)
        if unicodedata.category(character) == "Cf" and character not in KEPT_FORMAT_CHARACTERS
    ]
