"""The page of print documents: every example is printed, every element, field and setting is named."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from drivers.escpos_page import EscposPage
from drivers.escpos_printer import EscposPrinter
from drivers.escpos_settings import EscposSettings
from drivers.printer_settings import DrawerSettings, PrinterSettings
from edge_gateway.contracts.barcode_data import Symbology
from edge_gateway.contracts.document import Element
from edge_gateway.devices.profiles import load_driver, load_profile

PAGE = (Path(__file__).parents[2] / "docs" / "documents.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```\n<!-- picture: ([a-z0-9]+) -->", PAGE, re.DOTALL)
ELEMENTS = get_args(get_args(Element)[0])
SETTINGS: dict[str, Any] = {
    "buzzer": "esc_b",
    "colours": 2,
    "logos": {"shop": {"key": "G1"}},
    "raw_commands": ("ESC 2", "ESC 3"),
}


def test_each_example_has_a_picture_of_its_own() -> None:
    names = [name for _, name in EXAMPLES]
    assert len(names) == len(set(names)) == PAGE.count("```json")


@pytest.mark.parametrize(("example", "name"), EXAMPLES, ids=[name for _, name in EXAMPLES])
@pytest.mark.parametrize("columns", [32, 42, 48])
def test_example_is_printed(example: str, name: str, columns: int) -> None:
    settings = EscposSettings(columns=columns, **SETTINGS)
    assert EscposPrinter.render(settings, {"document": json.loads(example)}).data


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.__name__)
def test_element_and_its_fields_are_explained(element: Any) -> None:
    kind = get_args(element.model_fields["type"].annotation)[0]
    assert re.search(rf"^## (.*, )?{kind}\b", PAGE, re.MULTILINE)
    assert f'"type": "{kind}"' in PAGE
    for field in element.model_fields.keys() - {"type"}:
        assert f"`{field}`" in PAGE, field


@pytest.mark.parametrize(
    "word", [*Symbology, *sorted(EscposPage.model_fields.keys() - PrinterSettings.model_fields.keys())]
)
def test_symbology_or_setting_is_explained(word: str) -> None:
    if word not in DrawerSettings.model_fields or word in ("drawer_pulse_ms", "drawer_pause_ms"):
        assert f"`{word}`" in PAGE


def test_configuration_of_the_page_is_valid() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    for device in tomllib.loads(block)["device"]:
        profile = load_profile(device["profile"])
        read = load_driver(profile).Settings.model_validate({**profile.settings, **device["settings"]})
        assert read.model_fields_set >= device["settings"].keys()
