"""Settings of scales: those of the driver and those of its protocol, with all problems at once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from drivers.message_scale import MessageScaleSettings
from drivers.price_scale_settings import PriceScaleSettings
from drivers.scale_settings import PolledScaleSettings, StreamingScaleSettings

UNKNOWN = "no such key here"

CASES: dict[str, tuple[type[BaseModel], dict[str, Any], dict[str, str]]] = {
    "driver, protocol and unknown": (
        PolledScaleSettings,
        {"protocol": "scale/toledo-8217", "poll_interval_s": 0, "unit": "stone", "unyt": "kg"},
        {"poll_interval_s": "greater than", "unit": "'kg'", "unyt": UNKNOWN},
    ),
    "two of the protocol": (
        StreamingScaleSettings,
        {"protocol": "scale/toledo-continuous", "unit": 5, "hold": 1, "silence_s": "long"},
        {"unit": "valid string", "hold": UNKNOWN, "silence_s": "valid number"},
    ),
    "its own validator and the protocol's": (
        PriceScaleSettings,
        {"protocol": "scale/dialog-06", "credential": "a/b", "hex_style": "roman", "poll_intervall_s": 1},
        {"credential": "name of a credential", "hex_style": "", "poll_intervall_s": UNKNOWN},
    ),
    "the whole": (
        PriceScaleSettings,
        {"protocol": "scale/dialog-06"},
        {"": "does not run without its vendor's secret"},
    ),
    "an unknown protocol": (
        PolledScaleSettings,
        {"protocol": "scale/toledo-9999", "poll_interval_s": 0},
        {"protocol": "there is no such protocol", "poll_interval_s": "greater than"},
    ),
    "a protocol of another driver": (
        PolledScaleSettings,
        {"protocol": "scale/toledo-continuous"},
        {"protocol": "is not a protocol of a polled scale"},
    ),
    "a protocol that is no name": (
        MessageScaleSettings,
        {"protocol": "toledo", "first_dropped": -1},
        {"protocol": "expected a name such as scale/", "first_dropped": "greater than"},
    ),
    "no protocol": (PolledScaleSettings, {"resolution": "x"}, {"protocol": "required", "resolution": "match"}),
    "a protocol that is no text": (PolledScaleSettings, {"protocol": 8217}, {"protocol": "valid string"}),
}


@pytest.mark.parametrize(("model", "given", "expected"), CASES.values(), ids=CASES.keys())
def test_settings_of_a_scale_tell_all_problems_each_at_its_key(
    model: type[BaseModel], given: dict[str, Any], expected: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(given)
    told = {".".join(map(str, detail["loc"])): detail["msg"] for detail in raised.value.errors()}
    assert told.keys() == expected.keys()
    for key, words in expected.items():
        assert words in told[key], (key, told[key])


def test_unknown_setting_is_told_with_those_of_driver_and_protocol() -> None:
    with pytest.raises(ValidationError) as raised:
        PolledScaleSettings.model_validate({"protocol": "scale/toledo-8217", "unyt": "kg"})
    [detail] = raised.value.errors()
    assert detail["type"] == "unknown_setting"
    assert detail["input"] == "kg"
    assert "poll_interval_s" in detail["msg"]
    assert "did you mean unit?" in detail["msg"]


def test_settings_that_are_right_keep_those_of_the_protocol() -> None:
    settings = PolledScaleSettings.model_validate({"protocol": "scale/toledo-8217", "unit": "lb"})
    assert settings.protocol_options().model_dump()["unit"] == "lb"
    assert PolledScaleSettings.model_validate(settings) is settings
