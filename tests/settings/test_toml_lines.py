"""The line finder agrees with tomllib about which keys there are, and with people about where."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from edge_gateway.toml_lines import KeyPath, find_key_lines, line_of

TEXT = '''# heading
title = "a = b # no comment"

[store]
id = "S001"
"quoted key" = 1

[bus.tls]
ca = """
fake = 1
[fake]
\\""" still = 2
"""
after = [
  "x = 1",   # y = 2
  [1, 2],
]
last.dotted.key = true
pairs = [
  { a = "{ b = 1 }", c = [1, { d = 2 }] },
  { a = 2 },
]

[[device]]
id = "a"
transport = { kind = "serial", path = "/dev/a = b, c = d", inner = { deep = 1 } }

[[device]]
id = 'b'
[device.settings]
prefix = \'\'\'
no = 1\'\'\'
suffix = "\\r"
[[device.part]]
n = 1
[[device.part]]
n = 2
'''


def _paths(value: Any, at: KeyPath = ()) -> set[KeyPath]:
    found: set[KeyPath] = {at} if at else set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= _paths(inner, (*at, key))
    elif isinstance(value, list):
        for index, entry in enumerate(entry for entry in value if isinstance(entry, dict)):
            found |= _paths(entry, (*at, index))
    return found


def test_line_finder_knows_exactly_the_keys_that_tomllib_knows() -> None:
    assert set(find_key_lines(TEXT)) == _paths(tomllib.loads(TEXT))


@pytest.mark.parametrize(
    ("path", "expected_text"),
    [
        (("title",), "title ="),
        (("store",), "[store]"),
        (("store", "id"), "id ="),
        (("store", "quoted key"), '"quoted key"'),
        (("bus", "tls", "ca"), "ca ="),
        (("bus", "tls", "after"), "after ="),
        (("bus", "tls", "last", "dotted", "key"), "last.dotted"),
        (("bus", "tls", "pairs", 0, "c"), '  { a = "{'),
        (("bus", "tls", "pairs", 1, "a"), "  { a = 2"),
        (("device", 0, "transport", "kind"), "transport ="),
        (("device", 0, "transport", "inner", "deep"), "transport ="),
        (("device", 1, "id"), "id = 'b'"),
        (("device", 1, "settings", "suffix"), "suffix ="),
        (("device", 1, "part", 1, "n"), "n = 2"),
    ],
)
def test_line_finder_points_at_the_line_of_a_key(path: KeyPath, expected_text: str) -> None:
    line = line_of(path, find_key_lines(TEXT))
    assert line is not None
    assert TEXT.split("\n")[line - 1].startswith(expected_text)


def test_line_finder_points_at_the_table_around_a_key_that_is_missing() -> None:
    line = line_of(("device", 1, "lane"), find_key_lines(TEXT))
    assert line is not None
    assert TEXT.split("\n")[line - 1] == "[[device]]"
    assert TEXT.split("\n")[line] == "id = 'b'"


def test_line_finder_gives_none_for_a_section_that_is_not_in_the_file() -> None:
    assert line_of(("cloud", "base_url"), find_key_lines(TEXT)) is None
