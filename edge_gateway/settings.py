"""The models of ``config/gateway.toml``: every field documented, nothing unknown allowed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from edge_gateway.contracts.fields import Level
from edge_gateway.contracts.store import StreamNames
from edge_gateway.contracts.variable_measure import Country, VariableMeasureTemplate
from edge_gateway.settings_discovery import DiscoverySettings
from edge_gateway.settings_kitchen import KitchenSettings
from edge_gateway.settings_parts import Host, LaneName, Section, TimeWindow
from edge_gateway.settings_printing import PrintingSettings
from edge_gateway.settings_uplinks import CloudSettings, NamedUplinkSettings, UplinkSettings

Name = Level


SITE_PROFILES = Path("/etc/edge-gateway/profiles.d")
SITE_TEMPLATES = Path("/etc/edge-gateway/templates.d")


class StoreSettings(Section):
    """[store] which store this box stands in."""

    id: Name = Field(description="The store's id: the second level of every topic, part of every event's source.")
    timezone: str = Field(
        "UTC", description="IANA name of the store's time zone: of times for people. On the bus and to the cloud: UTC."
    )
    country: Country | None = Field(
        None,
        description="ISO 3166-1 alpha-2 (SE): whose rules tell the price or weight in the store's own bar codes. Rules "
        "of DE DK EE FI GB LT LV NO SE are built in.",
    )
    variable_measure: list[VariableMeasureTemplate] = Field(
        default_factory=list,
        description="Own rules, before those of the country: template (2IIIIIVPPPPC), decimals, currency or unit.",
    )


class BusSettings(Section):
    """[bus] the store's MQTT broker."""

    host: Host = Field("127.0.0.1", description="Host of the broker.")
    port: int = Field(1883, ge=1, le=65535, description="Port of the broker.")
    client_id: str | None = Field(None, description="MQTT client id; default edge-gateway-{store id}.")
    username: str | None = Field(None, description="User name at the broker.")
    password_file: Path | None = Field(
        None, description="File that holds the password at the broker, and nothing else."
    )
    ca_file: Path | None = Field(None, description="CA certificates (PEM); set, the connection is TLS.")
    certificate_file: Path | None = Field(None, description="Client certificate (PEM), for brokers that ask for one.")
    key_file: Path | None = Field(None, description="Key of the client certificate (PEM).")
    keepalive_s: int = Field(15, ge=5, le=3600, description="MQTT keep-alive, seconds.")
    session_expiry_s: int = Field(86400, ge=0, description="How long the broker keeps our session while we are away.")
    queue_messages_max: int = Field(10_000, ge=100, description="Messages kept in memory while the broker is away.")
    request_bytes_max: int = Field(
        262_144, ge=1024, description="Largest request payload taken; a larger one is refused."
    )
    requests_concurrent_max: int = Field(100, ge=1, description="Sales handled at once; more wait at the broker.")


class EncryptionSettings(Section):
    """[outbox.encryption] AES-256-GCM for what is kept. One of the two; without this section payloads are in clear."""

    key_file: Path | None = Field(
        None,
        description="Keys, one a line: 32 bytes in hexadecimal or base64. The first encrypts, all decrypt; read again "
        "when it changes.",
    )
    credential: str | None = Field(None, description="The same, as the systemd credential of this name.")


class OutboxSettings(Section):
    """[outbox] the buffer that keeps what must reach the cloud."""

    directory: Path = Field(Path("/var/lib/edge-gateway"), description="Directory of the database.")
    bytes_max: int = Field(
        2_000_000_000,
        ge=1_000_000,
        description="Size on disk at which new transactions are refused. Device events stop at 80 % of it.",
    )
    disk_free_bytes_min: int = Field(
        50_000_000,
        ge=0,
        description="Free disk space below which new transactions are refused. Device events need twice as much.",
    )
    delivered_keep_days: int = Field(
        90, ge=1, description="Days a transaction id is remembered after delivery, for repeats."
    )
    encryption: EncryptionSettings | None = Field(None, description="Encryption at rest.")


Sync = Literal["real_time", "5_min", "15_min", "hourly", "window"]


class StreamSettings(Section):
    """[stream.NAME] one stream of the outbox: when it goes to the cloud, and how long it waits for it."""

    sync: Sync = Field("real_time", description="How often what has gathered is sent; window: only within it.")
    window: TimeWindow | None = Field(
        None, description='For sync = "window": two times of the day in the store\'s time zone, such as 22:00-05:00.'
    )
    keep_days: int | None = Field(
        None,
        ge=1,
        description="Days of running after which what was not delivered is dropped, and counted; none: never.",
    )


STREAM_DEFAULTS: Mapping[StreamNames, StreamSettings] = {
    StreamNames.TRANSACTIONS: StreamSettings(),
    StreamNames.INVENTORY: StreamSettings(),
    StreamNames.DEVICE_EVENTS: StreamSettings(),
    StreamNames.TELEMETRY: StreamSettings(sync="5_min", keep_days=7),
    StreamNames.AUDIT: StreamSettings(),
}
"""Transactions and the audit trail are never dropped for their age: ``keep_days`` is refused for them."""


class StatusSettings(Section):
    """[status] the HTTP status endpoint."""

    host: Host = Field("127.0.0.1", description="Address to listen at.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen at; 0 takes a free one.")

    @property
    def local_url(self) -> str:
        """Where the gateway is asked on its own box. All addresses are listened at, but none of them is asked."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - asked, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


class LogSettings(Section):
    """[log]"""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level written.")
    format: Literal["json", "console", "auto"] = Field("auto", description="auto: console on a terminal, else json.")


class DeviceSettings(Section):
    """[[device]] one peripheral."""

    id: Name = Field(description="Device id: unique in the store, a topic level.")
    lane: LaneName = Field(description="Where it stands: lane-1, stockroom, exit, shared ...")
    profile: Name = Field(description="Firmware profile: a file of firmware_profiles without .toml.")
    transport: dict[str, Any] = Field(description="kind and its settings; what is missing comes from the profile.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Driver settings over those of the profile.")
    can_steal_claims: bool = Field(
        False, description="A terminal may take the device from another that holds it, before that one's claim ends."
    )
    forward: tuple[str, ...] = Field((), description="Event names forwarded to the cloud, such as barcode_scanned.")
    printing: PrintingSettings = Field(PrintingSettings(), description="Of a printer: how its jobs are kept.")


class GatewaySettings(Section):
    """The whole file."""

    store: StoreSettings
    bus: BusSettings = BusSettings()
    outbox: OutboxSettings = OutboxSettings()
    stream: dict[StreamNames, StreamSettings] = Field({}, description="By stream; what is missing has its default.")
    cloud: CloudSettings | None = None
    uplink: tuple[NamedUplinkSettings, ...] = Field((), description="Further ways to the cloud, beside [cloud].")
    status: StatusSettings = StatusSettings()
    log: LogSettings = LogSettings()
    device: tuple[DeviceSettings, ...] = ()
    discovery: DiscoverySettings = DiscoverySettings()
    kitchen: KitchenSettings = KitchenSettings()
    profiles_directory: Path = Field(
        SITE_PROFILES,
        description="Firmware profiles of this site, before the packaged ones of the same name; need not exist.",
    )
    templates_directory: Path = Field(
        SITE_TEMPLATES,
        description="Print templates of this site, NAME.jinja, before the packaged ones; need not exist.",
    )
    durable_before_bus: bool = Field(
        False, description="Publish a forwarded device event only after it is on disk (default: at once)."
    )

    @property
    def profile_directories(self) -> tuple[Path, ...]:
        """Where profiles are looked for before the packaged ones."""
        return (self.profiles_directory,)

    @property
    def uplinks(self) -> tuple[UplinkSettings, ...]:
        """All ways to the cloud; the one of ``[cloud]`` first."""
        return ((self.cloud,) if self.cloud else ()) + self.uplink

    def stream_settings(self, name: StreamNames) -> StreamSettings:
        """As configured, or its default."""
        return self.stream.get(name, STREAM_DEFAULTS[name])
