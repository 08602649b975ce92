"""The page of scales names every status, field, command and setting there is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from drivers.scale_commands import COMMANDS
from drivers.scale_reading import Reading
from drivers.scale_settings import PolledScaleSettings, StreamingScaleSettings
from edge_gateway.contracts.states import ScaleStatus
from edge_gateway.devices.profiles import load_driver, load_profile

PAGE = (Path(__file__).parents[2] / "docs" / "scales.md").read_text("utf-8")
EXAMPLES = [block.partition("```")[0] for block in PAGE.split("```toml\n")[1:]]


@pytest.mark.parametrize("word", [*ScaleStatus, *COMMANDS, *Reading(ScaleStatus.NOT_READY, "kg", 0.0).to_json(1.0)])
def test_scale_page_explains_each_word_of_the_bus(word: str) -> None:
    assert f"| `{word}`" in PAGE or f"`{word}`" in PAGE


@pytest.mark.parametrize("name", sorted({*PolledScaleSettings.model_fields, *StreamingScaleSettings.model_fields}))
def test_scale_page_explains_each_setting(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("example", EXAMPLES)
def test_configuration_of_the_scale_page_is_valid(example: str) -> None:
    devices = tomllib.loads(example)["device"]
    assert devices
    for device in devices:
        profile, own = load_profile(device["profile"]), device.get("settings", {})
        read = load_driver(profile).Settings.model_validate({**profile.settings, **own})
        assert read.model_fields_set >= own.keys()
