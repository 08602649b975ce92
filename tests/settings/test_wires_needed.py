"""``config check`` of devices on wires of the box: the lines that their driver uses are there, and go the right way."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_gateway.commands.config import find_problems

STORE = """\
[store]
id = "S001"

[[device]]
id = "wires"
lane = "lane-1"
profile = "generic-gpio-PROFILE"
settings = { SETTINGS }

[device.transport]
kind = "gpio"
LINES
"""
OUTPUT, INPUT = "direction = 'output'", "direction = 'input'"


def problems(tmp_path: Path, profile: str, settings: str, *lines: tuple[str, str]) -> list[tuple[int | None, str, str]]:
    path = tmp_path / "gateway.toml"
    written = "\n".join(
        f"lines.{name} = {{ line = 'GPIO{at}', {direction} }}" for at, (name, direction) in enumerate(lines)
    )
    path.write_text(STORE.replace("PROFILE", profile).replace("SETTINGS", settings).replace("LINES", written))
    return [(each.line, each.key, each.expected) for each in find_problems(path)]


@pytest.mark.parametrize(
    ("profile", "settings", "lines"),
    [
        ("cash-drawer", "", [("drawer", OUTPUT)]),
        ("cash-drawer", "open_level = 'low'", [("drawer", OUTPUT), ("sense", INPUT)]),
        ("cash-drawer", "", [("drawer", OUTPUT), ("sense", INPUT)]),
        ("lights", "lights = ['red']", [("red", OUTPUT), ("spare", INPUT)]),
        ("buzzer", "", [("buzzer", OUTPUT)]),
    ],
)
def test_wires_that_a_driver_uses_are_no_problem(
    profile: str, settings: str, lines: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert problems(tmp_path, profile, settings, *lines) == []


@pytest.mark.parametrize(
    ("profile", "settings", "lines", "key", "words"),
    [
        ("cash-drawer", "", [("drawr", OUTPUT)], "drawer", "required, direction output: "),
        ("cash-drawer", "", [("drawr", OUTPUT)], "drawer", "(there are: drawr)"),
        ("cash-drawer", "", [("drawer", INPUT)], "drawer.direction", "expected output: "),
        ("cash-drawer", "open_level = 'low'", [("drawer", OUTPUT)], "sense", "required, direction input: "),
        ("cash-drawer", "", [("drawer", OUTPUT), ("sense", OUTPUT)], "sense.direction", "expected input: "),
        ("lights", "lights = ['red', 'blue']", [("red", OUTPUT)], "blue", "required, direction output: "),
        ("lights", "lights = ['red']", [("red", INPUT)], "red.direction", "expected output: "),
        ("buzzer", "", [("horn", OUTPUT)], "buzzer", "required, direction output: "),
    ],
)
def test_a_wire_that_is_missing_or_goes_the_wrong_way_is_told_at_its_line(
    profile: str, settings: str, lines: list[tuple[str, str]], key: str, words: str, tmp_path: Path
) -> None:
    ((line, found, expected),) = problems(tmp_path, profile, settings, *lines)
    assert found == f"device[0].transport.lines.{key}"
    assert line is not None
    assert line >= 10
    assert words in expected
