"""Makes the uplink that a configuration asks for. Each kind is imported only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.contracts.uplink import Uplink
from edge_gateway.settings_uplinks import CloudSettings, UplinkSettings

_CLASSES: Final = {
    "nats": "NatsUplink",
    "mqtt": "MqttUplink",
    "kafka": "KafkaUplink",
    "rabbitmq": "RabbitmqUplink",
    "webhook": "WebhookUplink",
}
"""By kind: the class in the module of that name."""


def make_uplink(settings: UplinkSettings, store_id: str, clock: Clock) -> Uplink:
    """Nothing is opened. Raises ConfigError if what the kind needs is not installed."""
    if isinstance(settings, CloudSettings):
        from edge_gateway.uplinks.https import HttpsUplink

        return HttpsUplink(settings, clock)
    try:
        module = import_module(f"edge_gateway.uplinks.{settings.kind}")
    except ModuleNotFoundError as error:
        raise missing_package(settings.name, settings.kind, error.name or "a package") from error
    return cast(Uplink, getattr(module, _CLASSES[settings.kind])(settings, store_id, clock))


def missing_package(name: str, kind: str, package: str) -> ConfigError:
    """The error of an uplink whose optional package is not there."""
    expected = f"{package} is not installed; install it: pip install 'edge-gateway[{kind}]'"
    return ConfigError([ConfigProblem(f"uplink.{name}.kind", f'"{kind}"', expected)], "the configuration")
