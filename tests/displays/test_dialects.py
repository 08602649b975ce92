"""The dialects of customer displays: published bytes and their meaning, and the screens that our bytes make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.decoding import find_protocols
from protocols.displays.dialect import COLUMNS
from protocols.displays.dialects import DIALECTS
from protocols.displays.display_text import encode_text
from simulators.line_display import MACHINES

PUBLISHED = [json.loads(line) for line in (Path(__file__).parent / "published.jsonl").read_text().splitlines()]
LINES = [b"Apples 1.234 kg     ", b"TOTAL           3.69"]
every_dialect = pytest.mark.parametrize("dialect", sorted(DIALECTS))


@pytest.mark.parametrize("example", PUBLISHED, ids=lambda example: f"{example['protocol']}-{example['hex'][:16]}")
def test_published_bytes_have_their_published_meaning(example: dict[str, Any]) -> None:
    events = find_protocols()[example["protocol"]].decode(bytes.fromhex(example["hex"]), "host->device")
    assert events
    for told in events:
        assert {name: told.get(name) for name in example["meaning"]} == example["meaning"]


def test_simulators_know_every_dialect() -> None:
    assert set(MACHINES) == set(DIALECTS)


@every_dialect
def test_dialect_shows_what_it_was_given(dialect: str) -> None:
    ours, display = DIALECTS[dialect], MACHINES[dialect]()
    display.take(ours.begin(None) + ours.show(LINES))
    assert display.screen.lines == tuple(LINES)
    display.take(ours.update(2, b"CHANGE 1.31".ljust(COLUMNS)))
    assert display.screen.lines == (LINES[0], b"CHANGE 1.31".ljust(COLUMNS))
    assert display.errors == []


@every_dialect
def test_dialect_begins_anew_on_whatever_was_there(dialect: str) -> None:
    ours, display = DIALECTS[dialect], MACHINES[dialect]()
    display.take(ours.begin(None) + ours.show(LINES))
    for row in ours.scrolls_rows:
        display.take(ours.marquee(row, b"Welcome to our store, and thank you!") or b"")
        assert b"thank you" in display.screen.lines[row - 1]
    display.take(ours.show(LINES))
    assert display.screen.lines == tuple(LINES)
    display.take(ours.begin(None) + ours.show([b" " * COLUMNS] * 2))
    assert display.screen.lines == (b" " * COLUMNS,) * 2
    assert display.errors == []


@every_dialect
@given(upper=st.binary(max_size=20), lower=st.binary(max_size=20), text=st.text(max_size=30))
@settings(max_examples=80, deadline=None)
def test_dialect_shows_any_printable_line(dialect: str, upper: bytes, lower: bytes, text: str) -> None:
    """Codes of commands never come from text: what was encoded has none."""
    ours, display = DIALECTS[dialect], MACHINES[dialect]()
    display.take(ours.begin(None))
    encoded = [encode_text(each.decode("latin-1"), "cp437")[0][:COLUMNS] for each in (upper, lower)]
    encoded[1] = encoded[1] or encode_text(text, "cp437")[0][:COLUMNS]
    lines = [each.ljust(COLUMNS) for each in encoded]
    display.take(ours.show(lines))
    assert display.screen.lines == tuple(lines)
    assert display.errors == []


@pytest.mark.parametrize(("percent", "shown"), [(1, 20), (45, 40), (100, 100), (75, 60)])
def test_brightness_is_the_nearest_that_there_is(percent: int, shown: int) -> None:
    display = MACHINES["epson"]()
    display.take(DIALECTS["epson"].brightness(percent) or b"")
    assert display.screen.brightness_percent == shown
    assert DIALECTS["aedex"].brightness(percent) is None


def test_string_mode_of_a_cd5220_takes_nothing_but_clear() -> None:
    """What the encoder avoids: the simulator knows that it would not work."""
    display = MACHINES["cd5220"]()
    display.take(b"\x1bQAHELLO\rX")
    assert display.errors == ["byte 58 in string mode: only CLR and CAN are obeyed"]


@pytest.mark.parametrize(
    ("text", "shown", "replaced"),
    [
        ("3,50 €", b"3,50 EUR", 0),
        ("Füße", b"F\x81\xe1e", 0),
        ("Łódź – “OK”…", b'L\xa2dz - "OK"...', 0),
        ("りんご", b"???", 3),
        ("a\x1b@\r\nb\u200f", b"a @  b", 0),
        ("e\u0301", b"\x82", 0),
    ],
)
def test_text_has_something_near_for_what_the_code_page_has_not(text: str, shown: bytes, replaced: int) -> None:
    assert encode_text(text, "cp437") == (shown, replaced)


def test_multibyte_characters_are_replaced() -> None:
    assert encode_text("茶 tea", "gbk") == (b"? tea", 1)
