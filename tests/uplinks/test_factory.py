"""Which uplink a configuration makes, and what is said where a package of it is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import ConfigError
from edge_gateway.settings_uplinks import CloudSettings, NamedUplinkSettings
from edge_gateway.uplinks.factory import make_uplink

KINDS: dict[str, dict[str, Any]] = {
    "nats": {"host": "nats.example.com"},
    "mqtt": {"host": "broker.example.com"},
    "kafka": {"bootstrap_servers": ["kafka.example.com:9092"]},
    "rabbitmq": {"host": "rabbit.example.com"},
    "webhook": {"url": "https://hooks.example.com/in", "secret_file": Path("/run/secrets/webhook")},
}
NEEDS = {"nats": "nats", "kafka": "aiokafka", "rabbitmq": "aiormq"}


def settings(kind: str) -> NamedUplinkSettings:
    model: TypeAdapter[NamedUplinkSettings] = TypeAdapter(NamedUplinkSettings)
    return model.validate_python({"kind": kind, "name": f"my-{kind}", **KINDS[kind]})


@pytest.mark.parametrize("kind", KINDS)
async def test_factory_makes_each_kind_under_its_name_without_touching_anything(kind: str) -> None:
    uplink = make_uplink(settings(kind), "S001", SystemClock())
    assert (uplink.name, type(uplink).__name__.lower()) == (f"my-{kind}", f"{kind}uplink")
    await uplink.close()


async def test_factory_makes_the_cloud_of_the_configuration() -> None:
    uplink = make_uplink(CloudSettings(base_url="https://cloud.example.com"), "S001", SystemClock())
    assert uplink.name == "https"
    await uplink.close()


@pytest.mark.parametrize("kind", NEEDS)
def test_missing_package_is_named_with_the_extra_that_brings_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, NEEDS[kind], None)  # as if it were not installed
    with pytest.raises(ConfigError) as raised:
        make_uplink(settings(kind), "S001", SystemClock())
    text = str(raised.value)
    assert NEEDS[kind] in text
    assert f"edge-gateway[{kind}]" in text
    assert f"uplink.my-{kind}.kind" in text
