"""Makes the uplink that a configuration asks for. Each kind is imported only when it is used."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final, cast

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.uplink import Uplink
from edge_gateway.settings_uplinks import CloudSettings, UplinkSettings

_CLASSES: Final = {
    "nats": ("engines.nats", "NatsUplink"),
    "mqtt": ("engines.mqtt", "MqttUplink"),
    "kafka": ("engines.kafka", "KafkaUplink"),
    "rabbitmq": ("engines.rabbitmq", "RabbitmqUplink"),
    "webhook": ("http.webhook", "WebhookUplink"),
}
"""By kind: module and class."""

_PACKAGES: Final = {"nats": "nats", "kafka": "aiokafka", "rabbitmq": "aiormq"}
"""By kind: what has to be installed beside the gateway. It is imported only when the uplink connects."""


def make_uplink(settings: UplinkSettings, store_id: str, clock: Clock) -> Uplink:
    """Nothing is opened. Raises ConfigError if what the kind needs is not installed."""
    if isinstance(settings, CloudSettings):
        from edge_gateway.uplinks.http.https import HttpsUplink

        return HttpsUplink(settings, clock)
    package = _PACKAGES.get(settings.kind)
    if package is not None and find_spec(package) is None:
        raise _missing_package(settings.name, settings.kind, package)
    module_name, class_name = _CLASSES[settings.kind]
    module = import_module(f"edge_gateway.uplinks.{module_name}")
    return cast(Uplink, getattr(module, class_name)(settings, store_id, clock))


def _missing_package(name: str, kind: str, package: str) -> ConfigError:
    """The error of an uplink whose optional package is not there."""
    expected = f"{package} is not installed; install it: pip install 'edge-gateway[{kind}]'"
    return ConfigError([ConfigProblem(f"uplink.{name}.kind", f'"{kind}"', expected)], "the configuration")
