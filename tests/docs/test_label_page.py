"""The page about labels: its examples are printed by every language, its tables name what there is."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from drivers.label_templates import PACKAGED_TEMPLATES
from edge_gateway.contracts.label import LabelElement
from edge_gateway.contracts.label_fields import fields_of
from edge_gateway.contracts.states import DeviceFlag
from tests.labels.support import DRIVERS, printed, rendered
from tests.support.markdown import ROOT

PAGE = (ROOT / "docs/labels.md").read_text("utf-8")
EXAMPLES = [json.loads(found) for found in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
LABELS = [example for example in EXAMPLES if "format" not in example]


@pytest.mark.parametrize("language", sorted(DRIVERS))
@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.get("template") or label["elements"][0]["text"])
def test_example_is_printed(language: str, label: dict[str, Any]) -> None:
    assert len(printed(language, {"label": label})) == label["quantity"]


def test_format_example_is_what_a_zebra_takes() -> None:
    (example,) = [example for example in EXAMPLES if "format" in example]
    assert b"^XFE:PRICE.ZPL" in rendered("zpl", {"label": example}).data


def test_template_of_the_settings_is_printed() -> None:
    (toml,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    templates = tomllib.loads(toml)["device"]["settings"]["templates"]
    label = {"template": "jewellery", "fields": {"price": "99.00", "sku": "4711"}}
    (one,) = printed("zpl", {"label": label}, templates=templates)
    assert one.texts == ["99.00"]


def test_every_element_is_in_the_table() -> None:
    kinds = [model.model_fields["type"].annotation for model in LabelElement.__origin__.__args__]  # type: ignore[attr-defined]
    for kind in kinds:
        assert f"| `{kind.__args__[0]}` |" in PAGE


@pytest.mark.parametrize("name", sorted(PACKAGED_TEMPLATES))
def test_every_packaged_template_is_told_with_its_fields(name: str) -> None:
    told = re.search(rf"`{name}`\s+\([^:]*: ([^)]*)\)", PAGE)
    assert told is not None
    assert re.findall(r"`(\w+)`", told[1]) == fields_of(PACKAGED_TEMPLATES[name])


@pytest.mark.parametrize(
    "flag",
    ["cover_open", "paper_empty", "ribbon_empty", "paused", "overheated", "cutter_error", "device_error", "silent"],
)
def test_every_flag_asks_a_person_for_something(flag: str) -> None:
    assert DeviceFlag(flag)
    assert f"| `{flag}`" in PAGE
