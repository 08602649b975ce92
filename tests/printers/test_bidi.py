"""Order on paper of text that is read from the right: against the library python-bidi, and with styles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.contracts.printed_text import PLAIN, TextRun
from protocols.printers.layout_bidi import directed_runs, reads_right_to_left

MIRRORED = dict(zip(")]}>»›", "([{<«‹", strict=True))
mixed = st.text("ab שלם 12 .,:+-€%/()[]{}<«» عرب ١٢", max_size=24)


def on_paper(text: str, is_right_to_left: bool) -> str:
    return "".join(run.shown for run in directed_runs([TextRun(text)], is_right_to_left))


@settings(max_examples=1500, deadline=None)
@given(text=mixed, is_right_to_left=st.booleans())
def test_order_is_that_of_the_unicode_algorithm(text: str, is_right_to_left: bool) -> None:
    from bidi import get_display

    expected = get_display(text, base_dir="R" if is_right_to_left else "L")
    # The library leaves brackets as they are; ours are mirrored, as a printer must be sent them.
    ours = on_paper(text, is_right_to_left)
    assert "".join(MIRRORED.get(c, c) for c in ours) == "".join(MIRRORED.get(c, c) for c in expected)


@pytest.mark.parametrize(
    ("text", "is_right_to_left", "expected"),
    [
        ("plain text", False, "plain text"),
        ("סכום: 12.50 (שקל)", True, "(לקש) 12.50 :םוכס"),
        ("abc (שלום) 12,5 €", False, "abc (םולש) 12,5 €"),
        ("السعر 12.5", True, "12.5 رعسلا"),
        ("שָׁלוֹם", True, "םוֹלשָׁ"),
    ],
)
def test_text_stands_as_it_is_read(text: str, is_right_to_left: bool, expected: str) -> None:
    assert on_paper(text, is_right_to_left) == expected


def test_styles_follow_their_letters() -> None:
    bold = PLAIN._replace(is_bold=True)
    runs = directed_runs([TextRun("אב"), TextRun("גד 1", bold), TextRun(" x")], True)
    assert [(run.shown, run.style.is_bold) for run in runs] == [
        ("x", False),
        (" ", False),
        ("1", True),
        (" דג", True),
        ("בא", False),
    ]


@pytest.mark.parametrize(
    ("text", "expected"), [("", False), ("12 %", False), ("12 שלום", True), ("a ש", False), ("\u200fa", True)]
)
def test_direction_is_that_of_the_first_letter(text: str, expected: bool) -> None:
    assert reads_right_to_left(text) is expected
