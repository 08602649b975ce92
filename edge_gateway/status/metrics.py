"""Prometheus metrics made from the snapshot when they are asked for: nothing is counted twice, nothing runs between.

Names are ``edge_gateway_*`` with the unit last; docs/store-it.md lists those an alarm should watch.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from edge_gateway.contracts.states import Health, PowerState
from edge_gateway.status.source import Snapshot, StatusSource

CONTENT_TYPE = CONTENT_TYPE_LATEST
PREFIX = "edge_gateway"


class MetricsPage:
    """The text of ``/metrics``: the gateway's metrics and those of its process (memory, CPU, open files)."""

    def __init__(self, source: StatusSource) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_SnapshotCollector(source))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        return generate_latest(self._registry)


class _SnapshotCollector(Collector):
    def __init__(self, source: StatusSource) -> None:
        self._source = source

    def describe(self) -> list[Metric]:
        return []  # asked at registration, before there is a snapshot

    def collect(self) -> Iterator[Metric]:
        snapshot = self._source.snapshot()
        yield from _gateway(snapshot)
        yield from _devices(snapshot)
        yield from _bus(snapshot)
        yield from _outbox(snapshot)
        yield from _uplinks(snapshot)
        yield from _counters(snapshot)


def _gauge(name: str, help_text: str, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", help_text, labels=labels)


def _counter(name: str, help_text: str, labels: tuple[str, ...] = ()) -> CounterMetricFamily:
    return CounterMetricFamily(f"{PREFIX}_{name}", help_text, labels=labels)


def _gateway(snapshot: Snapshot) -> Iterator[Metric]:
    gateway = snapshot.gateway
    yield InfoMetricFamily(
        f"{PREFIX}_build", "Version and store.", value={"version": gateway.version, "store": gateway.store_id}
    )
    uptime = _gauge("uptime_seconds", "Time since the start.")
    uptime.add_metric([], gateway.uptime_s)
    yield uptime
    ready = _gauge("ready", "1 when the store is open and all parts run.")
    ready.add_metric([], float(gateway.is_ready))
    yield ready
    health = _gauge("health", "1 for the present health of the whole, 0 for the others.", ("health",))
    for value in Health:
        health.add_metric([value.value], float(snapshot.health.status is value))
    yield health


def _devices(snapshot: Snapshot) -> Iterator[Metric]:
    labels = ("device", "lane", "class")
    online = _gauge("device_online", "1 when the device is there and answers.", labels)
    age = _gauge("device_last_frame_age_seconds", "Age of the newest valid frame.", labels)
    reconnects = _counter("device_reconnects", "Connections made after the first.", labels)
    firmware = _gauge("device_firmware", "1 for the version that a device reports.", (*labels, "version", "status"))
    drift = _gauge("device_firmware_drift", "1 while the policy of the profile does not allow the firmware.", labels)
    flag = _gauge("device_condition", "1 for each condition that a device reports.", (*labels, "condition"))
    disconnects = _counter("device_disconnects", "Losses of the device, and silences.", labels)
    claimed = _gauge("device_claimed", "1 while a terminal holds the device alone.", labels)
    statistic = _counter(
        "device_statistic", "UnifiedPOS statistics; kept over restarts, until reset.", (*labels, "statistic")
    )
    jobs = _gauge("print_jobs", "Open print jobs: waiting, printing, or unknown.", (*labels, "state"))
    for device in snapshot.devices:
        values = [device.id, device.lane, device.device_class]
        online.add_metric(values, float(device.power is PowerState.ONLINE))
        if device.last_frame_age_s is not None:
            age.add_metric(values, device.last_frame_age_s)
        reconnects.add_metric(values, device.reconnect_count)
        disconnects.add_metric(values, device.disconnects_total)
        claimed.add_metric(values, float(device.claim is not None))
        for name, value in device.statistics.items():
            statistic.add_metric([*values, name], value)
        if device.firmware is not None:
            firmware.add_metric([*values, device.firmware, device.firmware_status or ""], 1)
        if device.firmware_status is not None:
            drift.add_metric(values, float(device.firmware_status.is_drift))
        if device.jobs is not None:
            jobs.add_metric([*values, "waiting"], device.jobs.waiting)
            jobs.add_metric([*values, "printing"], float(device.jobs.printing is not None))
            jobs.add_metric([*values, "unknown"], device.jobs.unknown)
        for condition in device.flags:
            flag.add_metric([*values, condition], 1)
    yield from (online, age, reconnects, firmware, drift, flag, disconnects, claimed, statistic, jobs)


def _bus(snapshot: Snapshot) -> Iterator[Metric]:
    connected = _gauge("bus_connected", "1 while the store's broker is connected.")
    connected.add_metric([], float(snapshot.bus.is_connected))
    queued = _gauge("bus_queued_messages", "Messages that wait for the broker.")
    queued.add_metric([], snapshot.bus.queued_messages)
    yield from (connected, queued)


def _outbox(snapshot: Snapshot) -> Iterator[Metric]:
    outbox = snapshot.outbox
    is_open = _gauge("outbox_open", "1 while the store on disk can be used.")
    is_open.add_metric([], float(outbox.is_open))
    yield is_open
    for name, help_text, value in (
        ("outbox_size_bytes", "Size of the store on disk.", outbox.size_bytes),
        (
            "outbox_size_on_disk_bytes",
            "Size of its files, room for the next events included.",
            outbox.size_on_disk_bytes,
        ),
        ("outbox_disk_free_bytes", "Free space of its file system.", outbox.disk_free_bytes),
        ("outbox_fill_percent", "Of what sales may use; at 100 they are refused.", outbox.fill_percent),
        ("outbox_locked_events", "Events that no key in the key file opens.", outbox.locked),
    ):
        if value is not None:
            size = _gauge(name, help_text)
            size.add_metric([], value)
            yield size
    pending = _gauge("outbox_pending_events", "Events not yet delivered to the cloud.", ("stream",))
    dead = _gauge("outbox_dead_events", "Dead letters: refused by the cloud for good, and kept.", ("stream",))
    oldest = _gauge("outbox_oldest_pending_age_seconds", "Age of the oldest undelivered event.", ("stream",))
    dropped = _counter("outbox_dropped_events", "Given up undelivered, for room or for their age.", ("stream",))
    delivered = _counter("outbox_delivered_events", "Events delivered since the store was made.", ("stream",))
    for name, stream in outbox.streams.items():
        pending.add_metric([name], stream.pending)
        dead.add_metric([name], stream.dead)
        dropped.add_metric([name], stream.dropped_total)
        oldest.add_metric([name], stream.oldest_pending_age_s or 0.0)
        delivered.add_metric([name], stream.delivered_total)
    yield from (pending, dead, dropped, oldest, delivered)


def _uplinks(snapshot: Snapshot) -> Iterator[Metric]:
    healthy = _gauge("uplink_healthy", "1 while the cloud takes what is sent.", ("uplink",))
    last = _gauge("uplink_last_sync_timestamp_seconds", "When something was delivered last.", ("uplink",))
    labels = ("uplink", "stream")
    lag = _gauge("uplink_lag_events", "Events still to be delivered over this uplink.", labels)
    lag_s = _gauge("uplink_lag_seconds", "Since when the stream is not up to date over this uplink.", labels)
    is_open = _gauge("uplink_breaker_open", "1 while nothing is sent but a probe now and then.", ("uplink",))
    for uplink in snapshot.uplinks:
        healthy.add_metric([uplink.name], float(uplink.health is Health.HEALTHY))
        is_open.add_metric([uplink.name], float(uplink.breaker != "closed"))
        if uplink.last_sync is not None:
            last.add_metric([uplink.name], uplink.last_sync.timestamp())
        for name, stream in uplink.streams.items():
            lag.add_metric([uplink.name, name], stream.lag_events)
            lag_s.add_metric([uplink.name, name], stream.lag_s)
    yield from (healthy, last, is_open, lag, lag_s)


def _counters(snapshot: Snapshot) -> Iterator[Metric]:
    """Each component's own counters: ``dropped:queue_full`` becomes kind ``dropped``, reason ``queue_full``."""
    happened = _counter(
        "component_events", "What the components counted since the start.", ("component", "kind", "reason")
    )
    for component, counters in sorted(snapshot.counters.items()):
        for key, count in sorted(counters.items()):
            kind, _, reason = key.partition(":")
            happened.add_metric([component, kind, reason], count)
    yield happened
