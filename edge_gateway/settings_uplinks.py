"""The ways to the cloud: ``[cloud]`` (HTTPS) and any number of ``[[uplink]]`` beside it, each with its own cursor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from edge_gateway.contracts.fields import Level
from edge_gateway.contracts.store import StreamNames
from edge_gateway.settings_parts import CloudAddress, Host, Section, is_this_box

HTTPS: Final = "https"
"""Name and kind of the uplink that ``[cloud]`` describes."""

Proxy = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+/?$")]


class DeliverySettings(Section):
    """How any uplink goes about it."""

    streams: tuple[StreamNames, ...] = Field(
        tuple(StreamNames), min_length=1, description="Streams of the outbox that go this way."
    )
    batch_events_max: int = Field(
        500, ge=1, le=1000, description="Events in one batch at most; how many it is adapts to the line."
    )
    batches_concurrent_max: int = Field(
        4, ge=1, le=16, description="Batches under way at once, of different sources: the order of each is kept."
    )
    requests_per_minute_max: int = Field(
        1000, ge=1, le=1_000_000, description="Requests a minute at most, probes and retries included."
    )
    connect_timeout_s: float = Field(5.0, gt=0, description="Time to connect.")
    response_timeout_s: float = Field(15.0, gt=0, description="Time from the request to its whole answer.")
    retry_s_min: float = Field(0.5, gt=0, description="First retry delay; doubles with full jitter.")
    retry_s_max: float = Field(30.0, gt=0, description="Largest retry delay.")


class OAuthSettings(Section):
    """[cloud.oauth] OAuth 2.0 client credentials."""

    token_url: CloudAddress = Field(description="Token endpoint; https.")
    client_id: str = Field(description="Client id.")
    client_secret_file: Path = Field(description="File that holds the client secret, and nothing else.")
    scope: str | None = Field(None, description="Scope to ask for.")


class ApiKeySettings(Section):
    """[cloud.api_key] a fixed key in a header."""

    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] = Field(
        "x-api-key", description="Name of the header."
    )
    key_file: Path = Field(description="File that holds the key, and nothing else.")


class JwtSettings(Section):
    """[cloud.jwt] a short-lived token that the gateway signs itself (RFC 7519), as the bearer token."""

    private_key_file: Path = Field(description="Private key (PEM): RSA for RS256, P-256 for ES256, Ed25519 for EdDSA.")
    algorithm: Literal["RS256", "ES256", "EdDSA"] = Field("ES256", description="Signature algorithm.")
    key_id: str | None = Field(None, description="kid of the token's header.")
    issuer: str = Field(description="iss: who this gateway is to the cloud.")
    audience: str = Field(description="aud: whom the token is for.")
    lifetime_s: int = Field(300, ge=30, le=3600, description="Life of a token; a new one is made well before its end.")


class CommandsSettings(Section):
    """[cloud.commands] commands from the cloud, each signed; without this section none is asked for."""

    public_key_file: Path = Field(
        description="Ed25519 public keys (PEM, one after the other) of whoever may give commands."
    )
    wait_s: float = Field(30.0, ge=0, le=55, description="How long the cloud holds a poll open.")


class _HttpSettings(DeliverySettings):
    ca_file: Path | None = Field(None, description="CA certificates (PEM) instead of the system's.")
    tls_version_min: Literal["1.2", "1.3"] = Field("1.3", description="Oldest TLS version spoken.")
    proxy: Proxy | None = Field(
        None, description="HTTP proxy, without credentials; none is taken from the environment."
    )
    send_timeout_s: float = Field(10.0, gt=0, description="Time for a whole request to be taken.")
    first_byte_timeout_s: float = Field(10.0, gt=0, description="Time from the request to the answer's first byte.")


class CloudSettings(_HttpSettings):
    """[cloud] the central cloud. Without any uplink events are kept and not forwarded."""

    base_url: CloudAddress = Field(description="Base address, https; paths such as /v1/orders/events are added.")
    oauth: OAuthSettings | None = Field(None, description="OAuth 2.0 client credentials.")
    api_key: ApiKeySettings | None = Field(None, description="A fixed key in a header.")
    jwt: JwtSettings | None = Field(None, description="Tokens the gateway signs.")
    certificate_file: Path | None = Field(None, description="Client certificate (PEM).")
    key_file: Path | None = Field(None, description="Key of the client certificate (PEM).")
    commands: CommandsSettings | None = Field(None, description="Commands from the cloud.")

    @property
    def kind(self) -> Literal["https"]:
        return HTTPS

    @property
    def name(self) -> str:
        return HTTPS


class _NamedUplink(DeliverySettings):
    name: Level = Field(description="Name of the uplink: unique, and kept; its cursor is stored under it.")


class _TlsUplink(_NamedUplink):
    host: Host = Field(description="Host of the server.")
    ca_file: Path | None = Field(
        None,
        description="CA certificates (PEM) instead of the system's; without it, TLS to any host but this box itself.",
    )
    certificate_file: Path | None = Field(None, description="Client certificate (PEM).")
    key_file: Path | None = Field(None, description="Key of the client certificate (PEM).")
    username: str | None = Field(None, description="User name.")
    password_file: Path | None = Field(None, description="File that holds the password, and nothing else.")

    @property
    def is_tls(self) -> bool:
        """Sales never leave the box in clear."""
        return self.ca_file is not None or not is_this_box(self.host)


class NatsUplinkSettings(_TlsUplink):
    """[[uplink]] kind = "nats": a JetStream of a NATS server, or of the cluster behind a leaf node."""

    kind: Literal["nats"] = Field(description="A NATS server's JetStream.")
    port: int = Field(4222, ge=1, le=65535, description="Port of the server.")
    credentials_file: Path | None = Field(None, description="NATS credentials (a .creds file).")
    subject_prefix: str = Field(
        "edge.v1", pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", description="{prefix}.{store}.{stream}: the subject."
    )


class MqttUplinkSettings(_TlsUplink):
    """[[uplink]] kind = "mqtt": a second broker, MQTT 5."""

    kind: Literal["mqtt"] = Field(description="A second MQTT broker.")
    port: int = Field(8883, ge=1, le=65535, description="Port of the server.")
    client_id: str | None = Field(None, description="MQTT client id; default edge-uplink-{store id}.")
    topic_prefix: str = Field("edge/v1", pattern=r"^[^#+]+$", description="{prefix}/{store}/{stream}: the topic.")
    keepalive_s: int = Field(15, ge=5, le=3600, description="MQTT keep-alive, seconds.")


class KafkaUplinkSettings(_NamedUplink):
    """[[uplink]] kind = "kafka": idempotent producer, acks=all; the source is the record's key."""

    kind: Literal["kafka"] = Field(description="Kafka.")
    bootstrap_servers: tuple[str, ...] = Field(min_length=1, description="host:port of some brokers.")
    topic_prefix: str = Field("edge.v1", pattern=r"^[A-Za-z0-9._-]+$", description="{prefix}.{stream}: the topic.")
    ca_file: Path | None = Field(
        None,
        description="CA certificates (PEM) instead of the system's; without it, TLS to any host but this box itself.",
    )
    certificate_file: Path | None = Field(None, description="Client certificate (PEM).")
    key_file: Path | None = Field(None, description="Key of the client certificate (PEM).")
    username: str | None = Field(None, description="User name (SASL SCRAM-SHA-512).")
    password_file: Path | None = Field(None, description="File that holds the password, and nothing else.")

    @property
    def is_tls(self) -> bool:
        """Sales never leave the box in clear."""
        hosts = [server.rpartition(":")[0].strip("[]") for server in self.bootstrap_servers]
        return self.ca_file is not None or not all(is_this_box(host) for host in hosts)


class RabbitmqUplinkSettings(_TlsUplink):
    """[[uplink]] kind = "rabbitmq": publisher confirms, persistent messages, mandatory routing."""

    kind: Literal["rabbitmq"] = Field(description="RabbitMQ.")
    port: int = Field(5671, ge=1, le=65535, description="Port of the server.")
    virtual_host: str = Field("/", description="Virtual host.")
    exchange: str = Field("edge.v1", description="Topic exchange; the routing key is {store}.{stream}.")


class WebhookSettings(_NamedUplink, _HttpSettings):
    """[[uplink]] kind = "webhook": one signed POST per event to whoever subscribed (Standard Webhooks)."""

    kind: Literal["webhook"] = Field(description="Signed HTTP POSTs, one per event.")
    url: CloudAddress = Field(description="Where events are posted; https.")
    secret_file: Path = Field(
        description="File that holds the signing secret (whsec_ and base64); while it is replaced, one per line."
    )
    types: tuple[str, ...] = Field((), description="Event types wanted, * allowed at the end; none: all.")
    sources: tuple[str, ...] = Field((), description="Device or terminal ids wanted; none: all.")


NamedUplinkSettings = Annotated[
    NatsUplinkSettings | MqttUplinkSettings | KafkaUplinkSettings | RabbitmqUplinkSettings | WebhookSettings,
    Field(discriminator="kind"),
]
UplinkSettings = (
    CloudSettings
    | NatsUplinkSettings
    | MqttUplinkSettings
    | KafkaUplinkSettings
    | RabbitmqUplinkSettings
    | WebhookSettings
)
