"""What the gateway reaches outside of itself, in one place: the real thing, or what a simulation puts in its stead."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import Protocol

from edge_gateway.bus.mqtt import MqttBus
from edge_gateway.contracts.attachment import Locator
from edge_gateway.contracts.bus import StoreBus
from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.transport import Transport
from edge_gateway.contracts.uplink import Uplink
from edge_gateway.devices.attached.discovery import Discovery
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.settings import BusSettings, StatusSettings
from edge_gateway.settings_transports import TransportSettings
from edge_gateway.settings_uplinks import UplinkSettings
from edge_gateway.status.server import StatusServer
from edge_gateway.status.source import StatusSource
from edge_gateway.store.thread import SqliteRunner, SqliteThread
from edge_gateway.transports.ble_radio import listen
from edge_gateway.transports.factory import TransportFactory
from edge_gateway.uplinks.couriers.network_return import NetworkReturn
from edge_gateway.uplinks.factory import make_uplink


class Server(Protocol):
    """Runs until it is cancelled."""

    async def run(self) -> None: ...


class Watch(Server, Protocol):
    """Runs until it is cancelled, or ends where there is nothing to watch."""


@dataclass(frozen=True, slots=True)
class World:
    """The defaults are the real world. Nothing is opened by making anything here."""

    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=SystemRandom)
    """Of delays: back-off and jitter."""
    random_bytes: Callable[[int], bytes] = os.urandom
    """Of event ids."""
    make_transport: Callable[[TransportSettings, Locator], Transport] = field(default_factory=TransportFactory)
    """Settings, and whoever knows where attached devices are."""
    make_inventory: Callable[[], Inventory] = Inventory
    make_discovery: Callable[..., Discovery] = field(default_factory=lambda: partial(Discovery, listen=listen))
    """Arguments of Discovery."""
    make_bus: Callable[[BusSettings, str, Clock, Random, str], StoreBus] = MqttBus
    """Settings, store id, clock, random, version."""
    make_uplink: Callable[[UplinkSettings, str, Clock], Uplink] = make_uplink
    """Settings, store id, clock."""
    make_network_watch: Callable[[Callable[[], None]], Watch] = NetworkReturn
    """Given whom to call when the network may be back."""
    make_status_server: Callable[[StatusSettings, StatusSource, Clock], Server] = StatusServer
    start_sqlite: Callable[[Path], Awaitable[SqliteRunner]] = SqliteThread.start
    """Where the store's work on its file is done: SQLite itself is always the real one."""
