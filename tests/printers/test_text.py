"""What a code page can show, how it is wrapped, and how two columns share a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.printers.escpos_text import cells, printable, two_columns, wrap


@pytest.mark.parametrize(
    ("text", "encoding", "shown", "replaced"),
    [
        ("Grüße €", "cp858", "Grüße €", 0),
        ("Grüße €", "cp437", "Grüße ?", 1),
        ("Grüße €", "cp1252", "Grüße €", 0),
        ("Привет", "cp866", "Привет", 0),
        ("Привет", "cp858", "??????", 6),
        ("u\u0308", "cp858", "ü", 0),
        ("1\u00a0000\u202f€", "cp858", "1 000 €", 0),
        ("a\u200bb\u202ec\u00add", "cp858", "abcd", 0),
        ("\u201ea\u201c \u2013 b\u2026", "cp858", '"a" - b...', 0),
        ("\u201ea\u201c \u2013 b\u2026", "cp1252", "\u201ea\u201c \u2013 b\u2026", 0),
        ("漢字", "gbk", "漢字", 0),
        ("😀", "cp858", "?", 1),
        ("\x1b@\x10\x14", "cp858", "?@??", 3),
        ("a\nb", "cp858", "a\nb", 0),
        ("\ud800", "cp858", "?", 1),
    ],
)
def test_printable_text_is_what_the_code_page_shows(text: str, encoding: str, shown: str, replaced: int) -> None:
    result = printable(text, encoding)
    assert (result.text, result.replaced_count) == (shown, replaced)


@given(st.text(), st.sampled_from(["cp437", "cp858", "cp866", "cp1252", "gbk", "cp932", "iso8859-7"]))
def test_no_text_becomes_a_control_byte(text: str, encoding: str) -> None:
    encoded = printable(text, encoding).text.replace("\n", "").encode(encoding)
    assert all(byte >= 0x20 and byte != 0x7F for byte in encoded)


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
    ],
)
def test_wrap_breaks_at_spaces(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width, "cp858") == lines


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200), st.integers(2, 48))
def test_wrap_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    lines = wrap(text, width, "cp858")
    assert all(cells(line, "cp858") <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text("漢a b", max_size=60), st.integers(2, 48))
def test_wrap_counts_wide_characters_twice(text: str, width: int) -> None:
    assert all(cells(line, "gbk") <= width for line in wrap(text, width, "gbk"))


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
    ],
)
def test_columns_share_a_line(left: str, right: str, lines: list[str]) -> None:
    assert two_columns(left, right, 20, "cp858") == lines


@given(st.text("ab ", max_size=90), st.text("cd ", max_size=90))
def test_columns_fit_the_paper(left: str, right: str) -> None:
    assert all(len(line) <= 42 for line in two_columns(left, right, 42, "cp858"))
