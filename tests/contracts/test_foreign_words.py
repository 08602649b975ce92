"""Words of a far end that echo what they were sent."""

from __future__ import annotations

import pytest

from edge_gateway.contracts.foreign_words import FOREIGN_CHARS_MAX, foreign_words


@pytest.mark.parametrize(
    ("words", "fit"),
    [
        ("line 3 is missing", "line 3 is missing"),
        ('{"memo": "4111 1111 1111 1111"} is refused', '{"memo": "[digits]"} is refused'),
        ("mailto:jane.doe+till@shop.example.com, unknown", "mailto:[e-mail], unknown"),
        ("x" * (FOREIGN_CHARS_MAX - 8) + "4111111111111111", "x" * (FOREIGN_CHARS_MAX - 8) + "[digits]"),
        ("half a pair \ud800", "half a pair ?"),
        ("", ""),
    ],
)
def test_foreign_words_show_no_card_number_and_no_address(words: str, fit: str) -> None:
    assert foreign_words(words) == fit


def test_foreign_words_end_within_their_bound_however_long_the_answer() -> None:
    assert len(foreign_words("a.b+" * 1_000_000)) == FOREIGN_CHARS_MAX
