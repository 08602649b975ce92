"""docs/configuration.md tells every key of the configuration, with its true default, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, TypeAdapter

from edge_gateway.settings import GatewaySettings
from edge_gateway.settings_uplinks import NamedUplinkSettings
from tests.support import configuration_page
from tests.support.markdown import ROOT

EXAMPLE = ROOT / "config/gateway.toml"


def test_page_is_as_the_models_make_it() -> None:
    page = configuration_page.PAGE.read_text("utf-8")
    assert page == configuration_page.rendered(page), "run ./dev docs"


def test_page_has_each_section_of_the_schema_once() -> None:
    shown = configuration_page.shown(configuration_page.PAGE.read_text("utf-8"))
    assert len(shown) == len(set(shown))
    assert set(shown) == configuration_page.expected()


def test_page_has_a_heading_for_each_section() -> None:
    headings = [
        line for line in configuration_page.PAGE.read_text("utf-8").splitlines() if line.startswith(("## ", "### "))
    ]
    missing = [
        section for section in configuration_page.sections() if not any(f"`{section}`" in line for line in headings)
    ]
    assert not missing


def test_example_with_its_comments_taken_off_has_every_section_and_true_defaults(tmp_path: Path) -> None:
    """What is commented out there shows its default, where there is one that is not empty."""
    text = re.sub(r"/etc/edge-gateway/[^\"]*", str(tmp_path), EXAMPLE.read_text("utf-8"))
    text = re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    headings = set(re.findall(r"^\[+[\w.]+\]+", text, re.MULTILINE))
    assert {section.replace("NAME", "telemetry") for section in configuration_page.sections()} <= headings

    data = tomllib.loads(text)
    sections = {key: data.pop(key) for key in ("stream", "uplink", "store", "device")}
    assert sections["stream"]["telemetry"] == {"sync": "5_min", "keep_days": 7}
    _assert_true_defaults(GatewaySettings, data)
    uplinks = [(TypeAdapter(NamedUplinkSettings).validate_python(each), each) for each in sections["uplink"]]
    assert {uplink.kind for uplink, _ in uplinks} == {"webhook", "nats", "mqtt", "kafka", "rabbitmq"}
    for uplink, values in uplinks:
        _assert_true_defaults(type(uplink), values)


def _assert_true_defaults(model: type[BaseModel], values: Mapping[str, object]) -> None:
    for key, value in values.items():
        field = model.model_fields[key]
        if isinstance(value, dict):
            choices = (field.annotation, *get_args(field.annotation))
            inner = next(each for each in choices if isinstance(each, type) and issubclass(each, BaseModel))
            _assert_true_defaults(inner, value)
        elif field.default and not isinstance(field.default, Path) and not field.is_required():
            assert value == (list(field.default) if isinstance(field.default, tuple) else field.default), key
