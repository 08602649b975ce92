"""The composition root: the only module that knows everyone. Starts in order, stops in the reverse order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Coroutine, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from edge_gateway import __version__
from edge_gateway.bus.publisher import BusPublisher
from edge_gateway.bus.subscriber import RequestSubscriber
from edge_gateway.bus.terminals import TerminalStates
from edge_gateway.bus.topics import Topics
from edge_gateway.cloud_channel import CloudChannel
from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import EventIds
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.contracts.store import StreamNames
from edge_gateway.contracts.transport import Transport
from edge_gateway.device_news import DeviceNews
from edge_gateway.devices.behind_printers import BehindPrinters
from edge_gateway.devices.claims import Claims
from edge_gateway.devices.files_named import tell_unusable_files
from edge_gateway.devices.profile_watch import ProfileWatch
from edge_gateway.devices.registry import build_registry
from edge_gateway.overview.gathering import Overview
from edge_gateway.overview.store import StoreOverview
from edge_gateway.overview.watch import HealthWatch
from edge_gateway.print_room import make_print_service, print_findings
from edge_gateway.services.alerts import Alerts
from edge_gateway.services.device_requests import DeviceRequestService
from edge_gateway.services.drawers import Drawers
from edge_gateway.services.event_router import EventRouter
from edge_gateway.services.kitchen_orders import KitchenOrders
from edge_gateway.services.request_desk import RequestDesk
from edge_gateway.services.statistics_keeper import StatisticsKeeper
from edge_gateway.services.transactions import TransactionService
from edge_gateway.services.weighings import Weighings
from edge_gateway.services.weight_audit import WeightAudit
from edge_gateway.settings import GatewaySettings
from edge_gateway.settings_transports import PrinterTransportSettings, TransportSettings
from edge_gateway.settings_uplinks import UplinkSettings
from edge_gateway.status.notify import SystemdNotifier
from edge_gateway.store.command_log import SqliteCommandLog
from edge_gateway.store.database import Database
from edge_gateway.store.gateway_values import GatewayValues
from edge_gateway.store.outbox import SqliteOutbox
from edge_gateway.uplinks.couriers.courier import Courier
from edge_gateway.world import World

log = structlog.get_logger(__name__)

ROUTER_DRAIN_S = 0.5
"""For events that were routed and wait for their commit."""
BUS_STOP_S = 1.0
"""For replies and the offline state to be taken by the broker."""
STORE_RETRY_S = 5.0
"""Between two attempts to open the store on a full disk."""
TOKEN_BYTES = 16
"""Of a claim's token: nobody guesses it."""


class Gateway:
    """One store's gateway in its world. Construction reads nothing but the profiles; ``run`` does the rest.

    Raises ConfigError from the constructor, StoreError from ``run``.
    """

    # Used by what is made before them, later.
    _news: DeviceNews
    _statistics: StatisticsKeeper

    def __init__(
        self,
        settings: GatewaySettings,
        world: World | None = None,
    ) -> None:
        world = world or World()
        self._settings = settings
        self._clock = clock = world.clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        store_id, topics = settings.store.id, Topics(settings.store.id)

        self._database = Database(settings.outbox, clock, world.start_sqlite)
        self._outbox = SqliteOutbox(
            self._database,
            clock,
            {each.name: each.streams for each in settings.uplinks},
            keep_days={name: days for name in StreamNames if (days := settings.stream_settings(name).keep_days)},
            on_dead_letter=self._dead_letter,
        )
        command_log = SqliteCommandLog(self._database, clock)
        self._bus = world.make_bus(settings.bus, store_id, clock, world.random, __version__)
        self._publisher = BusPublisher(self._bus, topics)
        ids = EventIds(clock, world.random_bytes)
        self._router = EventRouter(
            store_id,
            self._publisher.event,
            self._outbox,
            ids,
            {device.id: frozenset(device.forward) for device in settings.device},
            durable_before_bus=settings.durable_before_bus,
            epoch=self._boot_epoch,
        )
        self._inventory = world.make_inventory()

        self._behind_printers = BehindPrinters(lambda device_id: self._registry.get(device_id))

        def make_transport(transport: TransportSettings) -> Transport:
            if isinstance(transport, PrinterTransportSettings):
                return self._behind_printers.make(transport)
            return world.make_transport(transport, self._inventory)

        self._registry = build_registry(
            settings.device,
            make_transport=make_transport,
            clock=clock,
            random=world.random,
            on_event=lambda stamped: self._news.said(stamped),
            on_change=lambda device: self._news.changed(device),
            profile_directories=settings.profile_directories,
            store_defaults=settings.store.model_dump(exclude={"id"}, exclude_none=True),
            on_added=lambda device: self._statistics.joined(device.device_id, device.statistics),
            on_removed=lambda device: self._statistics.left(device.device_id, device.statistics),
        )
        self._claims = Claims(
            clock,
            lambda: world.random_bytes(TOKEN_BYTES).hex(),
            stealable=[device.id for device in settings.device if device.can_steal_claims],
            on_change=lambda device_id: self._news.claim_changed(device_id),
            on_lost=lambda device_id, lost: self._news.claim_lost(device_id, lost),
        )
        self._discovery = world.make_discovery(
            settings.discovery,
            self._registry,
            self._inventory,
            clock,
            directory=settings.outbox.directory,
            profile_directories=settings.profile_directories,
            on_change=self._publisher.gateway_attached,
            on_retired=lambda *place: self._news.gone(*place),
            on_forgotten=lambda device_id: self._statistics.forget(device_id),
        )
        self._profiles = ProfileWatch(
            self._registry, settings.profile_directories, make_transport, clock, self._discovery.reload_profiles
        )
        self._weighings = Weighings(clock, self._scale_lanes, self._boot_epoch)
        weight_audit = WeightAudit(store_id, self._outbox, self._weighings, ids, self._boot_epoch)
        self._transactions = TransactionService(store_id, self._outbox, clock, ids, self._boot_epoch, weight_audit)
        parts = (self._registry, self._claims, self._database, self._outbox, command_log, ids, self._boot_epoch, clock)
        self._printing = make_print_service(settings, *parts)
        self._device_requests = DeviceRequestService(
            self._registry.get, command_log, self._claims, clock, self._discovery.forget, self._printing
        )
        self._kitchen = KitchenOrders(
            settings.kitchen, settings.store.timezone, self._device_requests.handle, self._place_of, clock
        )
        self._requests = RequestDesk(
            transactions=self._transactions.handle, orders=self._kitchen.handle, devices=self._device_requests.handle
        )
        subscriber = RequestSubscriber(
            self._bus, topics, self._requests.handle, clock, request_bytes_max=settings.bus.request_bytes_max
        )
        self._statistics = StatisticsKeeper(
            lambda: [(device.device_id, device.statistics) for device in self._registry],
            GatewayValues(self._database),
            clock,
        )
        terminals = TerminalStates(self._bus, topics, self._claims.terminal_gone)
        self._alerts = Alerts(store_id, self._publisher.alert, ids, clock)
        self._drawers = Drawers(
            store_id,
            self._outbox,
            self._alerts,
            ids,
            self._boot_epoch,
            self._behind_printers.has_drawer,
            self._holder_of,
        )
        self._news = DeviceNews(
            self._registry,
            self._claims,
            publisher=self._publisher,
            router=self._router,
            weighings=self._weighings,
            drawers=self._drawers,
            printing=self._printing,
            behind_printers=self._behind_printers,
        )
        self._uplinks = {each.name: world.make_uplink(each, store_id, clock) for each in settings.uplinks}
        self._couriers = {each.name: self._make_courier(each, world) for each in settings.uplinks}
        self._channel = self._make_channel(command_log, ids, world)
        self._network = world.make_network_watch(self._network_returned)
        self._overview = self._make_overview(
            {
                "requests": subscriber.counters,
                "terminals": terminals.counters,
                "weight_audit": weight_audit.counters,
            }
        )
        self._status_server = world.make_status_server(settings.status, self._overview, clock)
        self._notifier = SystemdNotifier(clock)
        self._health = HealthWatch(
            self._overview,
            self._publisher,
            self._notifier,
            self._alerts,
            lambda: print_findings(self._printing),
            clock,
        )

    def _make_courier(self, uplink: UplinkSettings, world: World) -> Courier:
        return Courier(
            self._outbox.feed(uplink.name),
            self._uplinks[uplink.name],
            {stream: self._settings.stream_settings(stream) for stream in uplink.streams},
            uplink,
            ZoneInfo(self._settings.store.timezone),
            world.clock,
            world.random,
            self._dead_letter,
        )

    def _make_overview(self, counters: Mapping[str, Counter[str]]) -> Overview:
        return Overview(
            self._settings,
            self._clock,
            registry=self._registry,
            discovery=self._discovery,
            claims=self._claims,
            bus=self._bus,
            store=StoreOverview(self._database, self._outbox, list(self._uplinks)),
            couriers=self._couriers,
            kept=self._router.dropped,
            counters={
                "store": self._database.counters,
                "bus": self._bus.counters,
                "device_requests": self._device_requests.counters,
                "kitchen_orders": self._kitchen.counters,
                "printing": self._printing.counters,
                "transactions": self._transactions.counters,
                "drawer_audit": self._drawers.counters,
                "events": self._router.counters,
                "profiles": self._profiles.counters,
                "discovery": self._discovery.counters,
                **counters,
                **{f"uplink/{name}": uplink.counters for name, uplink in self._uplinks.items()},
                **{f"courier/{name}": courier.counters for name, courier in self._couriers.items()},
                **(self._channel.counters if self._channel else {}),
            },
        )

    def _make_channel(self, command_log: SqliteCommandLog, ids: EventIds, world: World) -> CloudChannel | None:
        cloud = self._settings.cloud
        if cloud is None or cloud.commands is None:
            return None
        return CloudChannel(
            self._settings,
            cloud,
            cloud.commands,
            database=self._database,
            outbox=self._outbox,
            command_log=command_log,
            couriers=self._couriers,
            snapshot=lambda: self._overview.snapshot(),
            clock=world.clock,
            ids=ids,
            random=world.random,
        )

    def reload(self) -> None:
        """Look at the firmware profiles now. From a signal handler."""
        self._profiles.look_soon()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; raises what a part died of, after stopping the others in order."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._database.close)
            if not await self._database.try_open():
                self._start(stack, "store", self._open_store_later())
            self._start(stack, "store replacement", self._database.watch())
            stack.push_async_callback(self._statistics.stop)
            self._start(stack, "statistics", self._statistics.run())
            await self._overview.store.refresh()
            for uplink in self._uplinks.values():
                stack.push_async_callback(uplink.close)
            for part in (
                ("status", self._status_server.run()),
                *((f"courier {name}", courier.run()) for name, courier in self._couriers.items()),
            ):
                self._start(stack, *part)
            if self._channel is not None:
                self._start(stack, "cloud commands", self._channel.run())
            if self._couriers:
                self._start(stack, "network", self._network.run())
            self._tasks["bus"] = asyncio.create_task(self._bus.run(), name="bus")
            stack.push_async_callback(self._stop_bus)
            stack.push_async_callback(self._router.drain, ROUTER_DRAIN_S)
            stack.push_async_callback(self._drawers.finish, ROUTER_DRAIN_S)
            self._start(stack, "devices", self._registry.run())
            self._start(stack, "files", tell_unusable_files(self._registry))
            self._start(stack, "claims", self._claims.run())
            self._start(stack, "profiles", self._profiles.run())
            self._start(stack, "discovery", self._discovery.run())
            self._start(stack, "printing", self._printing.run())
            stack.push_async_callback(self._requests.finish)
            stack.push_async_callback(self._printing.finish)
            self._news.tell_all()
            self._start(stack, "health", self._health.run())
            self._start(stack, "watchdog", self._notifier.run())
            self._overview.state = "running"
            log.info(log_events.GATEWAY_STARTED, store=self._settings.store.id, version=__version__)
            self._notifier.ready(f"store {self._settings.store.id}, {len(self._registry)} devices")
            failed = await self._until_stopped(stop)
            self._overview.state = "stopping"
            self._notifier.stopping()
            log.info(log_events.GATEWAY_STOPPING, reason="part failed" if failed else "asked to")
        self._notifier.close()
        log.info(log_events.GATEWAY_STOPPED)
        if failed is not None:
            await failed

    def _boot_epoch(self) -> int | None:
        return self._database.epoch

    async def _open_store_later(self) -> None:
        """The disk is full: what must be kept is refused until there is room."""
        await self._clock.sleep(STORE_RETRY_S)
        while not await self._database.try_open():
            await self._clock.sleep(STORE_RETRY_S)

    def _start(self, stack: contextlib.AsyncExitStack, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks[name] = task
        stack.push_async_callback(_cancel, task)

    async def _until_stopped(self, stop: asyncio.Event) -> asyncio.Task[None] | None:
        """The part that died, if that is why. One that is done early (no devices, no watchdog) is no reason to stop."""
        stopping = asyncio.create_task(stop.wait())
        running: set[asyncio.Task[Any]] = {stopping, *self._tasks.values()}
        failed = None
        while not stopping.done() and failed is None:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            failed = next((task for task in done if task.exception() is not None), None)
        await _cancel(stopping)
        return failed

    def _place_of(self, device_id: str) -> tuple[str, str] | None:
        device = self._registry.get(device_id)
        return None if device is None else (device.lane, device.device_class)

    async def _stop_bus(self) -> None:
        await self._bus.stop(BUS_STOP_S)
        await _cancel(self._tasks["bus"])

    def _dead_letter(self, event: OutboxEvent, reason: str) -> None:
        self._alerts.dead_letter(event, reason)

    def _network_returned(self) -> None:
        for courier in self._couriers.values():
            courier.network_returned()
        if self._channel is not None:
            self._channel.network_returned()

    def _holder_of(self, device_id: str) -> str | None:
        claim = self._claims.view(device_id)
        return None if claim is None else claim.owner

    def _scale_lanes(self) -> set[str]:
        return {device.lane for device in self._registry if device.device_class == DeviceClass.SCALE}


async def _cancel(task: asyncio.Task[Any]) -> None:
    """End a task and wait for it; what it died of before is raised by ``run``."""
    task.cancel()
    await asyncio.wait({task})
