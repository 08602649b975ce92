"""What a supervised device is: its configuration, its profile, its driver class; and what is said in its name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import commands_of
from edge_gateway.contracts.events import DeviceEvent, DeviceState, StampedEvent
from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.contracts.life import STATISTICS_COMMANDS
from edge_gateway.contracts.printing import PrinterDriver, Rendered, is_printer, refuse_unprintable
from edge_gateway.contracts.transport import MovingTransport, Transport
from edge_gateway.devices.condition import Condition
from edge_gateway.devices.description import info_of, recording_header_of
from edge_gateway.devices.disconnects import Disconnects
from edge_gateway.devices.profiles import DriverClass, Profile, driver_settings
from edge_gateway.devices.statistics import DeviceStatistics
from edge_gateway.settings import DeviceSettings

ADDRESS_CHANGED: Final = "address_changed"

log = structlog.get_logger(__name__)

Configuration = tuple[DeviceSettings, Profile, Transport, DriverClass]


class SupervisedDevice(ABC):
    """The part of a supervisor that needs no connection."""

    def __init__(self, configuration: Configuration, clock: Clock, on_event: Callable[[StampedEvent], None]) -> None:
        self._take(configuration)
        self._clock = clock
        self._on_event = on_event
        self.statistics = DeviceStatistics(self._driver_class.device_class, clock)
        self.sequence = 0
        """Of its last event: unique for the device within one run of the gateway."""
        self._condition = Condition(self.device_id, self._transport.description, clock, self._tell_change)

    def _take(self, configuration: Configuration) -> None:
        self._device, self._profile, self._transport, self._driver_class = configuration
        self._address = self._transport.address if isinstance(self._transport, MovingTransport) else None
        self._driver_settings = driver_settings(self._driver_class, self._profile, self._device)
        self._known = commands_of(self._driver_class, self._driver_settings)
        """Its commands, to ``has_effect``."""

    @abstractmethod
    def _tell_change(self) -> None:
        """The state has changed."""

    @property
    def device_id(self) -> str:
        return self._device.id

    @property
    def lane(self) -> str:
        return self._device.lane

    @property
    def device_class(self) -> str:
        return self._driver_class.device_class.value

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def forward(self) -> tuple[str, ...]:
        """Names of the events that go to the cloud as well."""
        return self._device.forward

    @property
    def state(self) -> DeviceState:
        return self._condition.snapshot()

    @property
    def disconnects(self) -> Disconnects:
        """The losses of the device."""
        return self._condition.disconnects

    @property
    def firmware_status(self) -> FirmwareStatus | None:
        """How what the device reports stands to its profile's policy; None: there is none."""
        return self._profile.judge_firmware(self._condition.reported.get("firmware"))

    @property
    def info(self) -> dict[str, Any]:
        """The ``info`` topic."""
        reported = self._condition.reported
        return info_of(self._device, self._profile, self._transport, self._driver_class, self._known, reported)

    @property
    def recording_header(self) -> Mapping[str, Any]:
        """For a recording made of its raw bytes."""
        return recording_header_of(self._device, self._profile, self._transport)

    def has_effect(self, name: str) -> bool:
        """The command must be claimed before it is carried out. False also for unknown ones, which are refused."""
        return self._known.get(name, STATISTICS_COMMANDS.get(name, False))

    @property
    def is_printer(self) -> bool:
        """Its driver renders and prints jobs."""
        return is_printer(self._driver_class)

    @property
    def driver_settings(self) -> Any:
        """Another object after a change of them: what was rendered with the old one is not printed any more."""
        return self._driver_settings

    def render(self, content: Mapping[str, Any]) -> Rendered:
        """Pure: may be called in a thread. Raises RequestError."""
        if not self.is_printer:
            raise refuse_unprintable(self.device_id)
        return cast(type[PrinterDriver], self._driver_class).render(self._driver_settings, content)

    def reached(self) -> None:
        """Its transport is open: at another address than before, perhaps."""
        address = self._transport.address if isinstance(self._transport, MovingTransport) else None
        self._condition.transport = self._transport.description
        former, self._address = self._address, address
        if former is not None and address is not None and former != address:
            log.warning(log_events.DEVICE_MOVED, device=self.device_id, address=address, former_address=former)
            self.emit(ADDRESS_CHANGED, {"address": address, "former_address": former})

    def set_jobs(self, jobs: Mapping[str, Any]) -> None:
        """How its print jobs stand, beside what the driver says of it in its state."""
        self._condition.set_jobs(jobs)

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        """An event of the device, stamped: of its driver, or of the gateway about it."""
        self.sequence += 1
        self.statistics.happened(name, data)
        self._on_event(
            StampedEvent(
                device_id=self.device_id,
                device_class=self.device_class,
                lane=self.lane,
                sequence=self.sequence,
                event=DeviceEvent(name, data),
                time=self._clock.now(),
                monotonic_s=self._clock.monotonic(),
            )
        )
