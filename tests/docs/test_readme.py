"""The numbers of the README are those of the code."""

from __future__ import annotations

import re

from edge_gateway.devices.profiles import load_profile, profile_names
from protocols.decoding import find_protocols
from protocols.scanners.keyboard_layouts import LAYOUTS
from tests.support.markdown import ROOT

PAGE = (ROOT / "README.md").read_text("utf-8")
MODELS_UNTOLD_MAX = 30
"""More of them, and the number is old."""


def told(pattern: str) -> str:
    found = re.search(pattern, PAGE)
    assert found is not None, f"the README does not say: {pattern}"
    return found[1]


def test_readme_tells_how_many_models_there_are() -> None:
    profiles = [load_profile(name) for name in profile_names()]
    models = {(each.vendor, each.model) for each in profiles if each.vendor != "any"}
    number = int(told(r"\[More than ([0-9]+) models\]\(docs/devices/README\.md\)"))
    assert number < len(models) <= number + MODELS_UNTOLD_MAX


def test_readme_tells_how_many_protocols_there_are() -> None:
    assert int(told(r"\[([0-9]+) protocols\]\(docs/protocols/README\.md\)")) == len(find_protocols())


def test_readme_tells_how_many_keyboard_layouts_there_are() -> None:
    words = ("eight", "nine", "ten", "eleven", "twelve")
    assert words.index(told(r"\((\w+) layouts\)")) + 8 == len(LAYOUTS)


def test_readme_claims_only_experimental_profiles_until_hardware_was_seen() -> None:
    """The day that one is verified, "No physical device has been tried" is to be written anew."""
    assert {load_profile(name).tier for name in profile_names()} == {"experimental"}
    assert "No physical device has been tried" in PAGE


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE)
    assert len(targets) > 20
    assert [target for target in targets if not (ROOT / target).exists()] == []
