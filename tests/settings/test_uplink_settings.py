"""Sales leave the box encrypted, whichever way they go."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from edge_gateway.settings_uplinks import (
    KafkaUplinkSettings,
    MqttUplinkSettings,
    NamedUplinkSettings,
    NatsUplinkSettings,
    RabbitmqUplinkSettings,
)

_READ: TypeAdapter[NatsUplinkSettings | MqttUplinkSettings | KafkaUplinkSettings | RabbitmqUplinkSettings] = (
    TypeAdapter(NamedUplinkSettings)
)
HOSTS = (("127.0.0.1", False), ("localhost", False), ("::1", False), ("192.0.2.7", True), ("engine.example.com", True))


@pytest.mark.parametrize(("host", "is_tls"), HOSTS)
@pytest.mark.parametrize("kind", ["nats", "mqtt", "rabbitmq"])
def test_engine_on_another_box_is_spoken_to_over_tls(kind: str, host: str, is_tls: bool) -> None:
    settings = _READ.validate_python({"kind": kind, "name": "engine", "host": host})
    assert settings.is_tls is is_tls


@pytest.mark.parametrize(("host", "is_tls"), HOSTS)
def test_kafka_is_tls_as_soon_as_one_broker_is_another_box(host: str, is_tls: bool) -> None:
    server = f"[{host}]:9092" if ":" in host else f"{host}:9092"
    settings = {"kind": "kafka", "name": "engine", "bootstrap_servers": ["127.0.0.1:9092", server]}
    assert _READ.validate_python(settings).is_tls is is_tls


def test_ca_file_makes_it_tls_on_this_box_too() -> None:
    settings = _READ.validate_python({"kind": "nats", "name": "engine", "host": "localhost", "ca_file": "/ca.pem"})
    assert settings.is_tls
